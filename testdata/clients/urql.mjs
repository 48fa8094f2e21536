// urql's core: node urql.mjs URL.
import assert from "node:assert/strict";
import { Client, fetchExchange, gql } from "@urql/core";

const url = process.argv[2];
const echo = gql`query Echo($text: String) { echoText(text: $text) }`;

// By default urql sends short queries by GET.
for (const preferGetMethod of [false, true, "within-url-limit"]) {
  let method;
  const client = new Client({
    url,
    preferGetMethod,
    exchanges: [fetchExchange],
    fetch: (input, options) => ((method = options.method), fetch(input, options)),
  });
  const { data, error } = await client.query(echo, { text: "☃" }).toPromise();
  assert.equal(error, undefined);
  assert.equal(data.echoText, "☃");
  assert.equal(method, preferGetMethod ? "GET" : "POST");

  const renamed = await client
    .mutation(gql`mutation Rename($id: ID!, $name: String!) { rename(id: $id, name: $name) { id name __typename } }`, { id: "7", name: "Grace" })
    .toPromise();
  assert.equal(renamed.error, undefined);
  assert.equal(renamed.data.rename.name, "Grace");
  assert.equal(method, "POST");

  const failed = await client.query(gql`query Nope { nope }`, {}).toPromise();
  assert.match(failed.error.graphQLErrors[0].message, /Cannot query field "nope"/);
}
console.log("urql: ok");
