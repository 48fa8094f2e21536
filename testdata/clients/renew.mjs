// Clients whose tokens expire: node renew.mjs URL TOKENS. A request to TOKENS returns a token
// that expires soon. The node publishes a number to the channel numbers every few milliseconds.
// Each client gets numbers with two tokens.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { createClient as createSSEClient } from "graphql-sse";
import { createClient } from "graphql-ws";
import { Socket } from "phoenix";
import transport from "subscriptions-transport-ws";
import WebSocket from "ws";

const { create, send, observe } = createRequire(import.meta.url)("@absinthe/socket");
const [url, tokens] = process.argv.slice(2);
const query = `subscription { event(channel: "numbers") }`;

const fresh = async () => (await fetch(tokens)).text();

// credentials returns a function for the credentials of each connection, and how many it gave.
function credentials() {
  const given = { count: 0 };
  const next = async () => {
    given.count++;
    return { Authorization: `Bearer ${await fresh()}` };
  };
  return [next, given];
}

// renews takes results of a client until it has subscribed again.
async function renews(name, results, given) {
  let last = 0;
  for await (const { data, errors } of results) {
    assert.equal(errors, undefined, name);
    assert.ok(data.event > last, name);
    last = data.event;
    if (given.count >= 2) break;
  }
  assert.ok(given.count >= 2, name);
  console.log(`${name}: ok`);
}

async function graphqlWS() {
  const [connectionParams, given] = credentials();
  const client = createClient({ url: `${url}/graphql`.replace("http", "ws"), webSocketImpl: WebSocket, connectionParams, retryWait: async () => {} });
  await renews("graphql-ws", client.iterate({ query }), given);
  await client.dispose();
}

async function graphqlSSE() {
  const [headers, given] = credentials();
  const client = createSSEClient({ url: `${url}/graphql`, headers, retry: async () => {} });
  await renews("graphql-sse", client.iterate({ query }), given);
  client.dispose();
}

// iterate returns the results for which subscribe calls a function.
async function* iterate(subscribe) {
  const results = [];
  let wake = () => {};
  subscribe((result) => (results.push(result), wake()));
  for (;;) {
    if (results.length === 0) await new Promise((resolve) => (wake = resolve));
    yield* results.splice(0);
  }
}

async function legacy() {
  const [connectionParams, given] = credentials();
  const client = new transport.SubscriptionClient(`${url}/graphql`.replace("http", "ws"), { reconnect: true, connectionParams }, WebSocket);
  await renews("subscriptions-transport-ws", iterate((next) => client.request({ query }).subscribe({ next })), given);
  client.close();
}

// Its params cannot wait for a token.
async function phoenix() {
  let token = await fresh();
  setInterval(async () => (token = await fresh()), 200);
  const given = { count: 0 };
  const params = () => (given.count++, { token });
  const socket = create(new Socket(`${url}/socket`.replace("http", "ws"), { transport: WebSocket, params, reconnectAfterMs: () => 10, rejoinAfterMs: () => 10 }));
  await renews("@absinthe/socket", iterate((onResult) => observe(socket, send(socket, { operation: query }), { onResult })), given);
}

await Promise.all([graphqlWS(), graphqlSSE(), legacy(), phoenix()]);
process.exit(0);
