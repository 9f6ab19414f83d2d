import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { backoffMs } from "../../src/chat/backoff";
import type { ServerFrame } from "../../src/chat/frames";
import { ChatSocket, type Connection } from "../../src/chat/socket";
import { FakeLine } from "../fakes";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

class Listener {
  readonly line = new FakeLine();
  readonly frames: ServerFrame[] = [];
  readonly connections: Connection[] = [];
  readonly rejected: number[] = [];
  readonly sessionChecks: boolean[] = [];
  signedOut = false;
  jitter = 0;
  session: () => Promise<boolean> = () => Promise.resolve(true);
  readonly socket = new ChatSocket(
    {
      connect: this.line.connect,
      ensureSession: (over) => {
        this.sessionChecks.push(over);
        return this.session();
      },
      random: () => this.jitter,
    },
    {
      onOpen: () => undefined,
      onFrame: (frame) => this.frames.push(frame),
      onConnection: (connection) => this.connections.push(connection),
      onRejected: (code) => this.rejected.push(code),
      onSignedOut: () => (this.signedOut = true),
    },
  );

  static connected(): Listener {
    const listener = new Listener();
    listener.socket.start();
    listener.line.socket.opens();
    return listener;
  }
}

describe("the line", () => {
  test("comes back after it broke", async () => {
    const listener = Listener.connected();
    listener.line.socket.breaks();
    expect(listener.socket.connection).toBe("waiting");
    await vi.advanceTimersByTimeAsync(250);
    expect(listener.line.sockets).toHaveLength(2);
  });

  test("waits longer each time that nobody answers, up to a bound", async () => {
    const listener = Listener.connected();
    listener.jitter = 1;
    const waits: number[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      const before = listener.line.sockets.length;
      listener.line.socket.breaks(1013);
      waits.push(await timeUntil(() => listener.line.sockets.length > before));
      listener.line.socket.opens();
    }
    expect(waits).toEqual([750, 1250, 2250]);
    expect(backoffMs(99, () => 1)).toBe(20_250);
  });

  test("keeps calm when the server has too many", async () => {
    const listener = Listener.connected();
    listener.jitter = 1;
    listener.line.socket.breaks(4429);
    expect(await timeUntil(() => listener.line.sockets.length > 1)).toBe(8250);
  });

  test("waits as long as a leaving server asks for", async () => {
    const listener = Listener.connected();
    listener.line.socket.receives({ type: "reconnect", after_ms: 3000 });
    listener.line.socket.breaks(1012);
    await vi.advanceTimersByTimeAsync(3000);
    expect(listener.line.sockets).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(250);
    expect(listener.line.sockets).toHaveLength(2);
  });

  test("does not wait when the network is back", () => {
    const listener = Listener.connected();
    listener.line.socket.breaks();
    listener.socket.hurry();
    expect(listener.line.sockets).toHaveLength(2);
  });

  test("is given up when a ping stays without answer", async () => {
    const listener = Listener.connected();
    await vi.advanceTimersByTimeAsync(25_000);
    expect(listener.line.socket.sentOf("ping")).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(listener.line.sockets[0]?.isClosed).toBe(true);
    await vi.advanceTimersByTimeAsync(250);
    expect(listener.line.sockets).toHaveLength(2);
  });

  test("lives on when the ping is answered", async () => {
    const listener = Listener.connected();
    await vi.advanceTimersByTimeAsync(25_000);
    listener.line.socket.receives({ type: "pong" });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(listener.line.sockets).toHaveLength(1);
  });

  test("stays closed when it was stopped", async () => {
    const listener = Listener.connected();
    listener.socket.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(listener.line.sockets).toHaveLength(1);
    expect(listener.socket.send({ type: "ping" })).toBe(false);
  });

  test("passes over what it does not know", () => {
    const listener = Listener.connected();
    listener.line.socket.receives({ type: "from the future" }, [], { type: "pong" });
    listener.line.socket.onmessage?.(new MessageEvent("message", { data: "no JSON" }));
    listener.line.socket.onmessage?.(new MessageEvent("message", { data: new ArrayBuffer(1) }));
    expect(listener.frames).toEqual([{ type: "pong" }]);
  });
});

describe("the session", () => {
  test("is renewed when the server says that it is over, and the line opened at once", async () => {
    const listener = Listener.connected();
    listener.line.socket.breaks(4401);
    await vi.advanceTimersByTimeAsync(0);
    expect(listener.sessionChecks).toEqual([true]);
    expect(listener.line.sockets).toHaveLength(2);
  });

  test("is not renewed in a loop when the server stays unconvinced", async () => {
    const listener = Listener.connected();
    listener.line.socket.breaks(4401);
    await vi.advanceTimersByTimeAsync(0);
    listener.line.socket.opens();
    listener.line.socket.breaks(4401);
    await vi.advanceTimersByTimeAsync(0);
    expect(listener.socket.connection).toBe("waiting");
  });

  test("is looked at when a handshake fails, because browsers do not say why", async () => {
    const listener = new Listener();
    listener.session = () => Promise.resolve(false);
    listener.socket.start();
    listener.line.socket.breaks(1006);
    await vi.advanceTimersByTimeAsync(0);
    expect(listener.sessionChecks).toEqual([false]);
    expect(listener.signedOut).toBe(true);
  });

  test("is not blamed when the server cannot be reached", async () => {
    const listener = new Listener();
    listener.session = () => Promise.reject(new Error("offline"));
    listener.socket.start();
    listener.line.socket.breaks(1006);
    await vi.advanceTimersByTimeAsync(250);
    expect(listener.signedOut).toBe(false);
    expect(listener.line.sockets).toHaveLength(2);
  });
});

describe("refusals", () => {
  test("a page that is not allowed does not try again", async () => {
    const listener = Listener.connected();
    listener.line.socket.breaks(4403);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(listener.line.sockets).toHaveLength(1);
    expect(listener.rejected).toEqual([4403]);
  });

  test.each([4400, 4413])("frame refused with %i: told, and connected again", async (code) => {
    const listener = Listener.connected();
    listener.line.socket.breaks(code);
    await vi.advanceTimersByTimeAsync(250);
    expect(listener.rejected).toEqual([code]);
    expect(listener.line.sockets).toHaveLength(2);
  });
});

async function timeUntil(condition: () => boolean): Promise<number> {
  for (let waited = 0; ; waited += 50) {
    if (condition()) return waited;
    await vi.advanceTimersByTimeAsync(50);
  }
}
