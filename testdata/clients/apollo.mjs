// Apollo Client with its three kinds of requests: node apollo.mjs URL.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { BatchHttpLink } from "@apollo/client/link/batch-http";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";

const uri = process.argv[2];
const person = gql`query Person($id: ID!) { person(id: $id) { id name } }`;
const rename = gql`mutation Rename($id: ID!, $name: String!) { rename(id: $id, name: $name) { id name } }`;

// Records every request with its status.
const sent = [];
const noting = async (url, options) => {
  const response = await fetch(url, options);
  const body = options.body ? JSON.parse(options.body) : undefined;
  sent.push({ method: options.method ?? "GET", body, url: String(url), status: response.status, type: response.headers.get("content-type") });
  return response;
};

const connect = (link) => new ApolloClient({ link, cache: new InMemoryCache() });
const sha256 = (text) => createHash("sha256").update(text).digest("hex");

{
  const client = connect(new HttpLink({ uri, fetch: noting }));
  const { data } = await client.query({ query: person, variables: { id: "1" } });
  assert.deepEqual(data.person, { __typename: "Person", id: "1", name: "Person 1" });
  assert.equal(sent.at(-1).type, "application/graphql-response+json; charset=utf-8");

  const renamed = await client.mutate({ mutation: rename, variables: { id: "7", name: "Grace" } });
  assert.equal(renamed.data.rename.name, "Grace");

  const partial = await client.query({ query: gql`query Salary { person(id: "2") { id salary } }`, errorPolicy: "all" });
  assert.equal(partial.data.person.id, "2");
  assert.equal(partial.error.errors[0].message, "forbidden");

  await assert.rejects(client.query({ query: gql`query Nope { nope }` }), (error) => {
    assert.ok(CombinedGraphQLErrors.is(error), `${error}`);
    assert.match(error.errors[0].message, /Cannot query field "nope"/);
    return true;
  });
  assert.equal(sent.at(-1).status, 400);

  await client.query({ query: person, variables: { id: "2" }, context: { fetchOptions: { method: "GET" } } });
  await client.clearStore();
  const queryByGet = connect(new HttpLink({ uri, fetch: noting, useGETForQueries: true }));
  assert.equal((await queryByGet.query({ query: person, variables: { id: "2" } })).data.person.name, "Person 2");
  assert.equal(sent.at(-1).method, "GET");
  assert.equal((await queryByGet.mutate({ mutation: rename, variables: { id: "7", name: "Grace" } })).data.rename.id, "7");
  assert.equal(sent.at(-1).method, "POST");
}

{
  sent.length = 0;
  const client = connect(new BatchHttpLink({ uri, fetch: noting, batchInterval: 50 }));
  const answers = await Promise.allSettled([
    client.query({ query: person, variables: { id: "1" } }),
    client.query({ query: gql`query Nope { nope }` }),
    client.query({ query: person, variables: { id: "3" } }),
  ]);
  assert.equal(sent.length, 1);
  assert.equal(sent[0].body.length, 3);
  assert.equal(answers[0].value.data.person.name, "Person 1");
  assert.match(answers[1].reason.message, /Cannot query field/);
  assert.equal(answers[2].value.data.person.name, "Person 3");
}

for (const useGETForHashedQueries of [false, true]) {
  sent.length = 0;
  const persisted = () => connect(ApolloLink.from([new PersistedQueryLink({ sha256, useGETForHashedQueries }), new HttpLink({ uri, fetch: noting })]));
  // A document that no client has sent before.
  const query = gql(`query Echo($text: String) { ${useGETForHashedQueries ? "byGet: " : ""}echoText(text: $text) }`);
  const name = useGETForHashedQueries ? "byGet" : "echoText";

  const first = await persisted().query({ query, variables: { text: "first" } });
  assert.equal(first.data[name], "first");
  assert.equal(sent.length, 2, "by hash, and then with the document");
  assert.equal(sent[0].body?.query, undefined);
  assert.ok(sent[1].body.query);

  const second = await persisted().query({ query, variables: { text: "second" } });
  assert.equal(second.data[name], "second");
  assert.equal(sent.length, 3, "by hash alone");
  assert.equal(sent[2].body?.query, undefined);
  assert.equal(sent[2].method, useGETForHashedQueries ? "GET" : "POST");

  const renamed = await persisted().mutate({ mutation: rename, variables: { id: "7", name: "Grace" } });
  assert.equal(renamed.data.rename.name, "Grace");
  assert.equal(sent.at(-1).method, "POST");
}
console.log("Apollo Client: ok");
