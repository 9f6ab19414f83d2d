import { backoffMs } from "./backoff";
import { parseFrame, SUBPROTOCOL, type ClientFrame, type ServerFrame } from "./frames";

/** The part of the browser's `WebSocket` that is used; tests give their own. */
export interface SocketLike {
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(data: string): void;
  close(code?: number): void;
}

export interface SocketOptions {
  connect: (protocol: string) => SocketLike;
  /** Makes sure of a valid session, renewed if it is known to be `over`; false when the user must sign in. */
  ensureSession: (over: boolean) => Promise<boolean>;
  random: () => number;
}

export type Connection = "connecting" | "open" | "waiting" | "stopped";

export interface SocketListener {
  onOpen: () => void;
  onFrame: (frame: ServerFrame) => void;
  onConnection: (connection: Connection) => void;
  /** The server refused what was sent on this socket: sending it again would be refused again. */
  onRejected: (code: number) => void;
  onSignedOut: () => void;
}

const LOGIN_OVER = 4401;
const NOT_ALLOWED = 4403;
const BAD_FRAME = 4400;
const TOO_LARGE = 4413;
const TOO_MANY = 4429;
const PING_EVERY_MS = 25_000;
const SILENCE_MS = 10_000;
const CALM_ATTEMPT = 4;

/**
 * One WebSocket that stays: it reconnects with backoff and jitter, renews an expired session, and notices a dead
 * line by an unanswered ping. What to send after a reconnect is the listener's business (`onOpen`).
 */
export class ChatSocket {
  readonly #options: SocketOptions;
  readonly #listener: SocketListener;
  #socket: SocketLike | null = null;
  #connection: Connection = "stopped";
  #attempt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #ping: ReturnType<typeof setTimeout> | undefined;
  #announcedDelayMs: number | null = null;

  constructor(options: SocketOptions, listener: SocketListener) {
    this.#options = options;
    this.#listener = listener;
  }

  get connection(): Connection {
    return this.#connection;
  }

  start(): void {
    if (this.#connection === "stopped") this.#open();
  }

  stop(): void {
    clearTimeout(this.#retry);
    this.#drop();
    this.#become("stopped");
  }

  /** The network is back or the page visible again: do not wait for the backoff's end. */
  hurry(): void {
    if (this.#connection === "waiting") this.#open();
  }

  /** False when the line is down; the frame is then not kept. */
  send(frame: ClientFrame): boolean {
    if (this.#connection !== "open" || this.#socket === null) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #become(connection: Connection): void {
    this.#connection = connection;
    this.#listener.onConnection(connection);
  }

  #open(): void {
    clearTimeout(this.#retry);
    this.#become("connecting");
    const socket = this.#options.connect(SUBPROTOCOL);
    this.#socket = socket;
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.#become("open");
      this.#schedulePing();
      this.#listener.onOpen();
    };
    socket.onmessage = (event) => this.#receive(event);
    socket.onclose = (event) => this.#closed(event.code, opened);
  }

  #receive(event: MessageEvent): void {
    this.#attempt = 0;
    this.#schedulePing();
    const frame = parseFrame(event.data);
    if (frame === null) return;
    if (frame.type === "reconnect") this.#announcedDelayMs = frame.after_ms;
    else this.#listener.onFrame(frame);
  }

  #schedulePing(): void {
    clearTimeout(this.#ping);
    this.#ping = setTimeout(() => {
      this.send({ type: "ping" });
      this.#ping = setTimeout(() => this.#lineIsDead(), SILENCE_MS);
    }, PING_EVERY_MS);
  }

  #lineIsDead(): void {
    this.#drop();
    this.#wait(0);
  }

  #drop(): void {
    clearTimeout(this.#ping);
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #closed(code: number, opened: boolean): void {
    this.#drop();
    if (code === NOT_ALLOWED) {
      this.#become("stopped");
      this.#listener.onRejected(code);
    } else if (code === LOGIN_OVER || !opened) {
      void this.#reopen(code === LOGIN_OVER);
    } else {
      if (code === BAD_FRAME || code === TOO_LARGE) this.#listener.onRejected(code);
      if (code === TOO_MANY) this.#attempt = Math.max(this.#attempt, CALM_ATTEMPT);
      this.#wait(this.#takeAnnouncedDelay());
    }
  }

  /** A handshake that failed tells no reason to a browser: an ended session is the one that can be mended. */
  async #reopen(sessionOver: boolean): Promise<void> {
    this.#become("waiting");
    const alive = await this.#options.ensureSession(sessionOver).catch(() => null);
    if (this.#connection !== "waiting") return;
    if (alive === false) {
      this.#become("stopped");
      this.#listener.onSignedOut();
    } else if (alive === true && sessionOver && this.#attempt === 0) {
      this.#attempt = 1;
      this.#open();
    } else this.#wait(0);
  }

  #takeAnnouncedDelay(): number {
    const delay = this.#announcedDelayMs ?? 0;
    this.#announcedDelayMs = null;
    return delay;
  }

  #wait(extraMs: number): void {
    this.#become("waiting");
    const delay = extraMs + backoffMs(this.#attempt++, this.#options.random);
    this.#retry = setTimeout(() => this.#open(), delay);
  }
}
