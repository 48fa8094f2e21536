// HTTP/2 of Node.js: node http2.mjs URL [CA]. Over http: with prior knowledge (h2c), over
// https: after ALPN, with certificates of the authority CA only. It waits for a line on standard
// input when it has said that an operation sleeps.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:http2";

const url = new URL(process.argv[2]);
const session = connect(url.origin, process.argv[3] ? { ca: readFileSync(process.argv[3]) } : {});

const ask = (headers, body) =>
  new Promise((resolve, reject) => {
    const stream = session.request({ ":path": url.pathname, ...headers });
    let status, text = "";
    stream.on("response", (head) => (status = head));
    stream.setEncoding("utf8");
    stream.on("data", (part) => (text += part));
    stream.on("end", () => resolve({ status: status[":status"], headers: status, text }));
    stream.on("error", reject);
    stream.end(body);
  });
const post = (body) => ask({ ":method": "POST", "content-type": "application/json" }, JSON.stringify(body));

const echo = "query Echo($text: String) { echoText(text: $text) }";
const answers = await Promise.all(
  Array.from({ length: 50 }, (_, i) => post({ query: echo, variables: { text: `${i}` } })),
);
answers.forEach(({ status, text }, i) => {
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(text), { data: { echoText: `${i}` } });
});

const byGet = await ask({ ":path": `${url.pathname}?query=${encodeURIComponent("{ hello }")}` });
assert.equal(byGet.text, '{"data":{"hello":"hello world"}}');

const head = await ask({ ":method": "HEAD", ":path": `${url.pathname}?query=${encodeURIComponent("{ hello }")}` });
assert.equal(head.status, 200);
assert.equal(head.text, "");

const large = await post({ query: "{ large(bytes: 3000000) }" });
assert.ok(large.text.length > 3_000_000);

assert.equal((await post({ query: 1 })).status, 400);
assert.equal((await ask({ ":method": "PUT" })).status, 405);

// A cancelled request ends, and the connection stays.
const slow = session.request({ ":method": "POST", ":path": url.pathname, "content-type": "application/json" });
slow.on("error", () => {});
slow.end(JSON.stringify({ query: "{ sleep(ms: 60000) }" }));
console.log("sleeps");
await once(process.stdin, "data");
process.stdin.destroy();
slow.close(8); // CANCEL
assert.equal((await post({ query: "{ hello }" })).status, 200);

session.close();
console.log(`HTTP/2 over ${url.protocol} ok`);
