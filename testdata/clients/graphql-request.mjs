// graphql-request: node graphql-request.mjs URL.
import assert from "node:assert/strict";
import { ClientError, GraphQLClient, gql } from "graphql-request";

const url = process.argv[2];
const echo = gql`query Echo($text: String) { echoText(text: $text) }`;

const client = new GraphQLClient(url);
assert.deepEqual(await client.request(echo, { text: "☃" }), { echoText: "☃" });

const byGet = new GraphQLClient(url, { method: "GET", jsonSerializer: JSON });
assert.deepEqual(await byGet.request(echo, { text: "by GET" }), { echoText: "by GET" });

const batch = await client.batchRequests([
  { document: echo, variables: { text: "1" } },
  { document: echo, variables: { text: "2" } },
]);
assert.deepEqual(batch.map(({ data }) => data.echoText), ["1", "2"]);

await assert.rejects(client.request("{ nope }"), (error) => {
  assert.ok(error instanceof ClientError, `${error}`);
  assert.match(error.response.errors[0].message, /Cannot query field "nope"/);
  return true;
});
console.log("graphql-request: ok");
