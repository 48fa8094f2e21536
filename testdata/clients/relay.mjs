// Relay's runtime with an environment: node relay.mjs MODULE, which exports it.
import assert from "node:assert/strict";
import { fetchQuery } from "relay-runtime";

const { environment } = await import(process.argv[2]);

// request returns what Relay's compiler makes of `query Parts { parts(limit: 2) { id name } }`.
function request({ id, text }) {
  const scalar = (name) => ({ alias: null, args: null, kind: "ScalarField", name, storageKey: null });
  const selections = [
    {
      alias: null,
      args: [{ kind: "Literal", name: "limit", value: 2 }],
      concreteType: "Part",
      kind: "LinkedField",
      name: "parts",
      plural: true,
      selections: [scalar("id"), scalar("name")],
      storageKey: "parts(limit:2)",
    },
  ];
  return {
    kind: "Request",
    fragment: { argumentDefinitions: [], kind: "Fragment", metadata: null, name: "Parts", selections, type: "RootQueryType", abstractKey: null },
    operation: { argumentDefinitions: [], kind: "Operation", name: "Parts", selections },
    params: { cacheID: "parts", id, metadata: {}, name: "Parts", operationKind: "query", text },
  };
}

const { parts } = await fetchQuery(environment, request({ id: null, text: "query Parts { parts(limit: 2) { id name } }" }), {}).toPromise();
assert.equal(parts.length, 2);
assert.ok(parts.every(({ id, name }) => id && name));

// The gateway has no manifest, so it knows no id.
const byId = fetchQuery(environment, request({ id: "42b2", text: null }), {}, { fetchPolicy: "network-only" }).toPromise();
await assert.rejects(byId, (error) => {
  assert.equal(error.source.errors[0].extensions.code, "PERSISTED_QUERY_NOT_IN_LIST");
  return true;
});
