import { expect, test } from "vitest";
import { events } from "./events";

test("events arrive whole, however the network cuts them", async () => {
  const bytes = new TextEncoder().encode('data: {"a":"ö"}\n\ndata: {"b":2}\n\ndata: {"cut');
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
      controller.close();
    },
  });
  const got: string[] = [];
  for await (const text of events(stream)) got.push(text);
  expect(got).toEqual(['{"a":"ö"}', '{"b":2}']);
});
