// The client of graphql-sse: node graphql-sse.mjs URL CONTROL. The node publishes a number to
// the channel numbers every few milliseconds. A request to CONTROL has all clients subscribe
// again.
import assert from "node:assert/strict";
import { createClient } from "graphql-sse";

const [url, control] = process.argv.slice(2);
const numbers = { query: `subscription { event(channel: "numbers") }` };

async function first(results) {
  for await (const result of results) return result;
}

for (const singleConnection of [false, true]) {
  let connections = 0;
  const client = createClient({ url, singleConnection, retryAttempts: 10, retry: async () => {}, on: { connected: () => connections++ } });

  assert.deepEqual(await first(client.iterate({ query: `query Echo($text: String) { echoText(text: $text) }`, variables: { text: "☃\n" } })), {
    data: { echoText: "☃\n" },
  });
  assert.deepEqual(await first(client.iterate({ query: `mutation { append(id: "sse") }` })), { data: { append: true } });

  // Two subscriptions get each number in order, also after all clients had to subscribe again.
  const both = [client.iterate(numbers), client.iterate(numbers)];
  for (const subscription of both) {
    let last;
    for (let n = 0; n < 20; n++) {
      const { value } = await subscription.next();
      if (last !== undefined) assert.equal(value.data.event, last + 1);
      last = value.data.event;
    }
  }
  const before = connections;
  assert.equal((await fetch(control, { method: "POST" })).status, 200);
  while (connections === before) for (const subscription of both) assert.ok((await subscription.next()).value.data.event);
  await Promise.all(both.map((subscription) => subscription.return()));
  client.dispose();
}

// What does not fit the schema is a result; what is refused is not.
const client = createClient({ url, retryAttempts: 0 });
const { errors } = await first(client.iterate({ query: `subscription { nope }` }));
assert.match(errors[0].message, /nope/);
const forbidden = await first(client.iterate({ query: `subscription { event(channel: "forbidden") }` }));
assert.match(forbidden.errors[0].message, /this channel is forbidden/);
await assert.rejects(first(client.iterate({ query: `{ raise }` })), (error) => error.response.status === 500);
console.log("graphql-sse: ok");
