import { expect, test } from "vitest";
import { events } from "./eventstream";

test("events arrive whole, however the network cuts them, and without comments", async () => {
  const bytes = new TextEncoder().encode(':\n\ndata: {"a":"ö: b"}\n\nevent: next\ndata: {"b":2}\n\nretry: 1000\n\nevent: complete\ndata:\n\ndata: {"cut');
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
      controller.close();
    },
  });
  const got: unknown[] = [];
  for await (const event of events(stream)) got.push(event);
  expect(got).toEqual([
    { event: "message", data: '{"a":"ö: b"}' },
    { event: "next", data: '{"b":2}' },
    { event: "complete", data: "" },
  ]);
});
