/** One server-sent event; `data` lines are joined by newlines as the standard says. */
export interface ServerSentEvent {
  event: string;
  data: string;
  id: string | null;
}

/**
 * Cuts a stream of text into server-sent events, whatever the chunks' boundaries.
 *
 * Written for `fetch`, because `EventSource` can neither send a header nor tell a 401 from a broken line.
 */
export class EventParser {
  #rest = "";

  push(chunk: string): ServerSentEvent[] {
    const blocks = (this.#rest + chunk).replaceAll("\r\n", "\n").split("\n\n");
    this.#rest = blocks.pop() ?? "";
    return blocks.map(parseBlock).filter((event) => event !== null);
  }
}

function parseBlock(block: string): ServerSentEvent | null {
  const event: ServerSentEvent = { event: "message", data: "", id: null };
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const [field, value] = splitField(line);
    if (field === "data") data.push(value);
    else if (field === "event") event.event = value;
    else if (field === "id") event.id = value;
  }
  return data.length === 0 ? null : { ...event, data: data.join("\n") };
}

function splitField(line: string): [string, string] {
  const colon = line.indexOf(":");
  if (colon < 0) return [line, ""];
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
}

/** Reads a response's events until the server ends the stream or `signal` aborts it. */
export async function* readEvents(response: Response): AsyncGenerator<ServerSentEvent> {
  if (response.body === null) return;
  const parser = new EventParser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield* parser.push(value);
  }
}
