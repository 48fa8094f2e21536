// The audits of GraphQL over HTTP: node audit.mjs URL. Each must be ok,
// whether it is a MUST, a SHOULD or a MAY.
import { auditServer } from "graphql-http";

const results = await auditServer({ url: process.argv[2] });
const missed = results.filter((result) => result.status !== "ok");
for (const { id, name, status, reason } of missed) {
  console.error(`${status} ${id} ${name}: ${reason}`);
}
console.log(`${results.length - missed.length} of ${results.length} audits are ok`);
process.exitCode = missed.length === 0 && results.length >= 61 ? 0 : 1;
