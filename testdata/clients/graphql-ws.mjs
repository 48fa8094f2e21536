// The client of graphql-ws, and Apollo Client and urql with it: node graphql-ws.mjs URL CONTROL TOKEN.
// The node publishes a number to the channel numbers every few milliseconds. A request to
// CONTROL has all clients subscribe again.
import assert from "node:assert/strict";
import { ApolloClient, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client, subscriptionExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, control, token] = process.argv.slice(2);
const numbers = `subscription { event(channel: "numbers") }`;
const connect = (options) => createClient({ url: url.replace("http", "ws"), webSocketImpl: WebSocket, connectionParams: { Authorization: `Bearer ${token}` }, retryAttempts: 10, retryWait: async () => {}, ...options });
const resubscribe = async () => assert.equal((await fetch(control, { method: "POST" })).status, 200);

async function first(results) {
  for await (const result of results) return result;
}

// Two subscriptions of one connection get each number in order, also after all clients had to
// subscribe again.
{
  let connections = 0;
  const client = connect({ lazy: false, on: { connected: () => connections++ } });
  assert.deepEqual(await first(client.iterate({ query: `query Echo($text: String) { echoText(text: $text) }`, variables: { text: "☃\n" } })), {
    data: { echoText: "☃\n" },
  });
  assert.deepEqual(await first(client.iterate({ query: `mutation { append(id: "ws") }` })), { data: { append: true } });
  const both = [client.iterate({ query: numbers }), client.iterate({ query: numbers })];
  for (const subscription of both) {
    let last;
    for (let n = 0; n < 20; n++) {
      const { value } = await subscription.next();
      if (last !== undefined) assert.equal(value.data.event, last + 1);
      last = value.data.event;
    }
  }
  assert.equal(connections, 1);
  await resubscribe();
  while (connections === 1) for (const subscription of both) assert.ok((await subscription.next()).value.data.event);
  await Promise.all(both.map((subscription) => subscription.return()));
  await client.dispose();
}

// Errors before a result are the errors of the operation.
{
  const client = connect({});
  for (const [query, message] of [
    [`subscription { nope }`, /nope/],
    [`subscription { event(channel: "forbidden") }`, /this channel is forbidden/],
    [`{ raise }`, /failed in the application/],
  ]) {
    await assert.rejects(first(client.iterate({ query })), (errors) => {
      assert.match(errors[0].message, message);
      return true;
    });
  }
  await client.dispose();
}

// Pings of the client are answered.
{
  let pong;
  const ponged = new Promise((resolve) => (pong = resolve));
  const client = connect({ lazy: false, keepAlive: 20, on: { pong: (received) => received && pong() } });
  await ponged;
  await client.dispose();
}

// A client that initiates twice is refused.
{
  const socket = new WebSocket(url.replace("http", "ws"), "graphql-transport-ws");
  const code = new Promise((resolve) => socket.on("close", resolve));
  socket.on("open", () => [1, 2].forEach(() => socket.send(JSON.stringify({ type: "connection_init", payload: { Authorization: `Bearer ${token}` } }))));
  assert.equal(await code, 4429);
}

// Apollo Client.
{
  const socket = connect({});
  const client = new ApolloClient({ link: new GraphQLWsLink(socket), cache: new InMemoryCache() });
  const { data } = await client.query({ query: gql`{ echoText(text: "x") }` });
  assert.equal(data.echoText, "x");
  const got = await new Promise((resolve, reject) => {
    const subscription = client.subscribe({ query: gql(numbers) }).subscribe({
      next: ({ data, error }) => {
        subscription.unsubscribe();
        error ? reject(error) : resolve(data.event);
      },
      error: reject,
    });
  });
  assert.ok(got > 0);
  client.stop();
  await socket.dispose();
}

// urql.
{
  const socket = connect({});
  const client = new Client({
    url,
    preferGetMethod: false,
    exchanges: [
      subscriptionExchange({
        forwardSubscription: (request) => ({ subscribe: (sink) => ({ unsubscribe: socket.subscribe({ ...request, query: request.query ?? "" }, sink) }) }),
      }),
    ],
  });
  const got = await new Promise((resolve, reject) => {
    const { unsubscribe } = client.subscription(gql(numbers), {}).subscribe(({ data, error }) => {
      error ? reject(error) : resolve(data.event);
      setTimeout(() => unsubscribe());
    });
  });
  assert.ok(got > 0);
  await socket.dispose();
}
console.log("graphql-ws: ok");
