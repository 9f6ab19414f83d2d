import type { Answer, Citation, Message, Source } from "../src/api/types";
import type { ChatApi } from "../src/chat/ports";
import type { AskScope } from "../src/chat/scope";
import { ChatStore } from "../src/chat/store";
import type { ClientFrame } from "../src/chat/frames";
import type { SocketLike } from "../src/chat/socket";

/** A WebSocket whose other end is the test. */
export class FakeSocket implements SocketLike {
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  readonly sent: ClientFrame[] = [];
  isClosed = false;

  send(data: string): void {
    this.sent.push(JSON.parse(data) as ClientFrame);
  }

  close(): void {
    this.isClosed = true;
  }

  opens(): void {
    this.onopen?.(new Event("open"));
  }

  receives(...frames: object[]): void {
    for (const frame of frames)
      this.onmessage?.(new MessageEvent("message", { data: JSON.stringify(frame) }));
  }

  breaks(code = 1006): void {
    this.onclose?.({ code } as CloseEvent);
  }

  sentOf<Type extends ClientFrame["type"]>(type: Type): Extract<ClientFrame, { type: Type }>[] {
    return this.sent.filter((frame): frame is Extract<ClientFrame, { type: Type }> => frame.type === type);
  }
}

/** The sockets of one page in the order of their making. */
export class FakeLine {
  readonly sockets: FakeSocket[] = [];

  readonly connect = (): FakeSocket => {
    const socket = new FakeSocket();
    this.sockets.push(socket);
    return socket;
  };

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("no socket was opened");
    return socket;
  }
}

/** The HTTP side of the chat service, from a list of messages. */
export class FakeChatApi implements ChatApi {
  stored: Message[] = [];
  readonly calls: [string, ...unknown[]][] = [];
  failure: Error | null = null;

  messages = (id: string): Promise<Message[]> => this.#answer(this.stored, "messages", id);
  regenerate = (id: string): Promise<{ answer_id: string }> =>
    this.#answer({ answer_id: "answer-again" }, "regenerate", id);
  cancelAnswer = (id: string): Promise<void> => this.#answer(undefined, "cancel", id);
  sendFeedback = (id: string, feedback: object): Promise<void> =>
    this.#answer(undefined, "feedback", id, feedback);

  #answer<T>(value: T, ...call: [string, ...unknown[]]): Promise<T> {
    this.calls.push(call);
    return this.failure === null ? Promise.resolve(value) : Promise.reject(this.failure);
  }
}

export class Page {
  readonly line = new FakeLine();
  readonly api = new FakeChatApi();
  readonly store: ChatStore;
  sessionAlive = true;
  scope: AskScope = { mode: "company" };
  signedOut = false;
  changes = 0;
  soon: (work: () => void) => void = (work) => work();
  #ids = 0;

  constructor() {
    this.store = new ChatStore({
      api: this.api,
      connect: this.line.connect,
      ensureSession: () => Promise.resolve(this.sessionAlive),
      random: () => 0,
      newId: () => `id-${++this.#ids}`,
      now: () => new Date("2026-11-23T08:00:00Z"),
      scope: () => this.scope,
      soon: (work) => this.soon(work),
      onSignedOut: () => (this.signedOut = true),
      onConversationChanged: () => this.changes++,
    });
  }

  /** A page whose line is up. */
  static online(): Page {
    const page = new Page();
    page.store.start();
    page.line.socket.opens();
    return page;
  }

  /** Asks and has the server accept it as `conversation`, `message` and `answer`. */
  asked(question: string, ids = { conversation: "c1", message: "m1", answer: "a1" }): void {
    this.store.ask(question);
    this.line.socket.receives({
      type: "accepted",
      client_id: this.line.socket.sentOf("ask").at(-1)?.client_id,
      conversation_id: ids.conversation,
      message_id: ids.message,
      answer_id: ids.answer,
    });
  }
}

export function delta(text: string, position: string, answerId = "a1"): object {
  return { type: "delta", text, position, answer_id: answerId };
}

export function done(answer: Partial<Answer> = {}, position = "1-99"): object {
  const whole = anAnswer(answer);
  return { type: "done", answer: whole, answer_id: whole.id, position };
}

export function anAnswer(fields: Partial<Answer> = {}): Answer {
  return {
    id: "a1",
    message_id: "m1",
    conversation_id: "c1",
    state: "done",
    content: "It starts with make up [1].",
    citations: [],
    uncited: [],
    sources: [],
    confidence: 0.8,
    grounded: true,
    refusal: null,
    cached: false,
    model: "extractive",
    timings_ms: { queue: 1, intent: null, retrieval: 20, first_token: 50, total: 1234 },
    follow_ups: [],
    created_at: "2026-11-23T08:00:00Z",
    withheld: false,
    ...fields,
  };
}

export function aSource(fields: Partial<Source> = {}): Source {
  return {
    id: "s1",
    marker: 1,
    document_id: "d1",
    chunk_id: "k1",
    title: "Getting started",
    path: ["Guides"],
    url: null,
    provider: "folder",
    text: "Type make up.",
    start: 0,
    end: 13,
    score: 0.9,
    updated_at: "2026-10-02T09:30:00Z",
    version: "v1",
    source_version: "page 3",
    checked_at: null,
    ...fields,
  };
}

export function aCitation(fields: Partial<Citation> = {}): Citation {
  return { marker: 1, source_id: "s1", start: 0, end: 10, supported: true, ...fields };
}

export function aQuestion(fields: Partial<Message> = {}): Message {
  return {
    id: "m1",
    conversation_id: "c1",
    role: "user",
    content: "How do I start it?",
    created_at: "2026-11-23T08:00:00Z",
    answer_id: "a1",
    answer_state: "done",
    ...fields,
  };
}

export function aReply(answer: Partial<Answer> = {}): Message {
  const whole = anAnswer(answer);
  return {
    id: whole.id,
    conversation_id: "c1",
    role: "assistant",
    content: whole.content,
    created_at: "2026-11-23T08:00:01Z",
    answer: whole,
  };
}
