/** ServerEvent is an event of a stream, with its name. */
export type ServerEvent = { event: string; data: string };

/** events yields server-sent events until the stream ends. It leaves comments out. */
export async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = parse(block);
      if (event) yield event;
    }
  }
}

/** parse reads the lines of an event. The gateway writes data in one line. */
function parse(block: string): ServerEvent | undefined {
  const fields = new Map(block.split("\n").map((line) => [line.replace(/:.*/s, ""), line.replace(/^[^:]*: ?/, "")]));
  const data = fields.get("data");
  return data === undefined ? undefined : { event: fields.get("event") ?? "message", data };
}
