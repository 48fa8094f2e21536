// The client of subscriptions-transport-ws: node subscriptions-transport-ws.mjs URL CONTROL TOKEN.
// The node publishes a number to the channel numbers every few milliseconds. A request to CONTROL
// has all clients subscribe again.
import assert from "node:assert/strict";
import transport from "subscriptions-transport-ws";
import WebSocket from "ws";

const [url, control, token] = process.argv.slice(2);
const client = new transport.SubscriptionClient(url.replace("http", "ws"), { reconnect: true, connectionParams: { Authorization: `Bearer ${token}` } }, WebSocket);
const numbers = { query: `subscription { event(channel: "numbers") }` };

// results returns the first results of an operation.
function results(request, count) {
  return new Promise((resolve, reject) => {
    const all = [];
    const subscription = client.request(request).subscribe({
      next(result) {
        all.push(result);
        if (all.length === count) {
          setTimeout(() => subscription.unsubscribe());
          resolve(all);
        }
      },
      error: reject,
      complete: () => resolve(all),
    });
  });
}

const echo = { query: `query Echo($text: String) { echoText(text: $text) }`, variables: { text: "☃\n" } };
assert.deepEqual(await results(echo), [{ data: { echoText: "☃\n" } }]);
assert.deepEqual(await results({ query: `mutation { append(id: "legacy") }` }), [{ data: { append: true } }]);
const [{ errors }] = await results({ query: `subscription { nope }` });
assert.match(errors[0].message, /nope/);

const events = (all) => all.map(({ data }) => data.event);
for (const all of await Promise.all([results(numbers, 20), results(numbers, 20)])) {
  events(all).forEach((event, n, numbers) => n === 0 || assert.equal(event, numbers[n - 1] + 1));
}

// A client that has to subscribe again gets further events.
let reconnections = 0;
client.onReconnected(() => reconnections++);
await new Promise((resolve, reject) => {
  client.request(numbers).subscribe({ next: () => reconnections && resolve(), error: reject });
  fetch(control, { method: "POST" }).then(({ status }) => assert.equal(status, 200));
});
client.close();
console.log("subscriptions-transport-ws: ok");
