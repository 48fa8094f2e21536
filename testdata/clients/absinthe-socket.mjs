// @absinthe/socket with both serializers of Phoenix: node absinthe-socket.mjs URL CONTROL TOKEN,
// where URL is that of the socket. The node publishes a number to the channel numbers every
// few milliseconds. A request to CONTROL has all clients subscribe again. The socket needs the token.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { Socket } from "phoenix";
import WebSocket from "ws";

const { create, send, observe, cancel } = createRequire(import.meta.url)("@absinthe/socket");
const [url, control, token] = process.argv.slice(2);
const numbers = `subscription { event(channel: "numbers") }`;
const objects = {
  encode: (message, callback) => callback(JSON.stringify(message)),
  decode: (text, callback) => callback(JSON.parse(text)),
};

for (const version of [{}, { vsn: "1.0.0", encode: objects.encode, decode: objects.decode }]) {
  for (const credentials of [{ params: { token } }, { authToken: token }]) {
    const options = { transport: WebSocket, reconnectAfterMs: () => 10, rejoinAfterMs: () => 10, ...version, ...credentials };
    let opened = 0;
    const phoenix = new Socket(url.replace("http", "ws"), options);
    phoenix.onOpen(() => opened++);
    const socket = create(phoenix);

    // results returns the first results of an operation.
    const results = (request, count) =>
      new Promise((resolve, reject) => {
        const all = [];
        const notifier = send(socket, request);
        observe(socket, notifier, {
          onAbort: reject,
          onError: reject,
          onResult(result) {
            all.push(result);
            if (all.length !== count) return;
            if (request.operation.startsWith("subscription")) cancel(socket, notifier);
            resolve(all);
          },
        });
      });

    const echo = { operation: `query Echo($text: String) { echoText(text: $text) }`, variables: { text: "☃\n" } };
    assert.deepEqual(await results(echo, 1), [{ data: { echoText: "☃\n" } }]);
    assert.deepEqual(await results({ operation: `mutation { append(id: "phoenix") }` }, 1), [{ data: { append: true } }]);
    await assert.rejects(results({ operation: `query { nope }` }, 1));

    for (const all of await Promise.all([results({ operation: numbers }, 20), results({ operation: numbers }, 20)])) {
      all.map(({ data }) => data.event).forEach((event, n, events) => n === 0 || assert.equal(event, events[n - 1] + 1));
    }

    // A client that has to subscribe again gets further events.
    let events = 0;
    observe(socket, send(socket, { operation: numbers }), { onResult: () => events++ });
    while (events === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal((await fetch(control, { method: "POST" })).status, 200);
    while (opened < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    const before = events;
    while (events < before + 5) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => phoenix.disconnect(resolve));

    // Heartbeats are answered. A client that gets no answer in its interval connects again.
    const beating = new Socket(url.replace("http", "ws"), { ...options, heartbeatIntervalMs: 50 });
    await new Promise((resolve) => {
      beating.onMessage(({ topic, event }) => topic === "phoenix" && event === "phx_reply" && resolve());
      beating.connect();
    });
    await new Promise((resolve) => beating.disconnect(resolve));
  }
}
console.log("@absinthe/socket: ok");
process.exit(0);
