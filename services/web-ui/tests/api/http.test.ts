import { describe, expect, test } from "vitest";
import { Api } from "../../src/api/endpoints";
import { cookieValue, HttpClient } from "../../src/api/http";
import { ApiError, problemOf } from "../../src/api/problem";

interface Call {
  url: string;
  init: RequestInit;
}

/** A server that answers each path with the next of its responses. */
class FakeServer {
  readonly calls: Call[] = [];
  cookies = "theme=dark; askflash_csrf=csrf%201";
  readonly #responses = new Map<string, (Response | Error)[]>();
  readonly client = new HttpClient({
    fetch: (url, init) => this.#fetch(url, init),
    cookies: () => this.cookies,
    exclusively: (work) => work(),
  });

  answers(url: string, ...responses: (Response | Error)[]): this {
    this.#responses.set(url, responses);
    return this;
  }

  paths(): string[] {
    return this.calls.map((call) => call.url);
  }

  #fetch(url: string, init: RequestInit): Promise<Response> {
    this.calls.push({ url, init });
    const response = this.#responses.get(url)?.shift() ?? new Response(null, { status: 404 });
    return response instanceof Error ? Promise.reject(response) : Promise.resolve(response);
  }
}

const REFRESH = "/api/v1/auth/session/refresh";
const unauthorized = (): Response => new Response(null, { status: 401 });
const ok = (body: unknown = {}): Response => Response.json(body);
const noContent = (): Response => new Response(null, { status: 204 });

describe("cookies and tokens", () => {
  test("what changes something carries the CSRF token, what reads does not", async () => {
    const server = new FakeServer().answers("/x", ok(), ok());
    await server.client.json("/x");
    await server.client.json("/x", { method: "PATCH", json: { a: 1 } });
    const [read, change] = server.calls.map((call) => call.init);
    expect(read?.headers).not.toHaveProperty("X-CSRF-Token");
    expect(change).toMatchObject({
      method: "PATCH",
      body: '{"a":1}',
      credentials: "same-origin",
      headers: { "X-CSRF-Token": "csrf 1", "Content-Type": "application/json" },
    });
  });

  test("a cookie is found by its whole name", () => {
    expect(cookieValue("xa=1; a=2=3", "a")).toBe("2=3");
    expect(cookieValue("xa=1", "a")).toBeNull();
  });

  test("a form keeps the content type that the browser gives it", async () => {
    const server = new FakeServer().answers("/x", ok());
    const form = new FormData();
    await server.client.json("/x", { method: "POST", form });
    expect(server.calls[0]?.init.body).toBe(form);
    expect(server.calls[0]?.init.headers).not.toHaveProperty("Content-Type");
  });
});

describe("a session that ran out", () => {
  test("is renewed once, and the call repeated", async () => {
    const server = new FakeServer().answers("/x", unauthorized(), ok({ a: 1 })).answers(REFRESH, noContent());
    expect(await server.client.json("/x")).toEqual({ a: 1 });
    expect(server.paths()).toEqual(["/x", REFRESH, "/x"]);
  });

  test("is renewed once for all calls that found it out", async () => {
    const server = new FakeServer()
      .answers("/x", unauthorized(), ok())
      .answers("/y", unauthorized(), ok())
      .answers(REFRESH, noContent());
    await Promise.all([server.client.json("/x"), server.client.json("/y")]);
    expect(server.paths().filter((path) => path === REFRESH)).toHaveLength(1);
  });

  test("leads to the sign-in when it cannot be renewed", async () => {
    const server = new FakeServer().answers("/x", unauthorized()).answers(REFRESH, unauthorized());
    let signedOut = false;
    server.client.onSignedOut = () => (signedOut = true);
    await expect(server.client.json("/x")).rejects.toBeInstanceOf(ApiError);
    expect(signedOut).toBe(true);
    expect(server.paths()).toEqual(["/x", REFRESH]);
  });

  test("does not end because the network is away", async () => {
    const server = new FakeServer().answers("/x", unauthorized()).answers(REFRESH, new TypeError("offline"));
    let signedOut = false;
    server.client.onSignedOut = () => (signedOut = true);
    await expect(server.client.json("/x")).rejects.toMatchObject({ problem: { status: 0 } });
    expect(signedOut).toBe(false);
  });

  test("is not renewed where there never was one", async () => {
    const server = new FakeServer().answers("/x", unauthorized());
    server.cookies = "";
    await expect(server.client.json("/x")).rejects.toMatchObject({ problem: { status: 401 } });
    expect(server.paths()).toEqual(["/x"]);
  });

  test("is not what a wrong password means", async () => {
    const server = new FakeServer().answers("/api/v1/auth/login", unauthorized());
    await expect(new Api(server.client).signIn("a@b.c", "wrong")).rejects.toBeInstanceOf(ApiError);
    expect(server.paths()).toEqual(["/api/v1/auth/login"]);
  });
});

describe("problems", () => {
  test("the server's own words are kept", async () => {
    const problem = { type: "urn:flash:too_large", title: "Too large", status: 413, request_id: "r1" };
    const server = new FakeServer().answers("/x", Response.json(problem, { status: 413 }));
    await expect(server.client.json("/x")).rejects.toMatchObject({ problem });
  });

  test("a proxy's page becomes a problem with the request's id", async () => {
    const page = new Response("<html>", {
      status: 502,
      statusText: "Bad Gateway",
      headers: { "x-request-id": "r2" },
    });
    const server = new FakeServer().answers("/x", page);
    await expect(server.client.empty("/x")).rejects.toMatchObject({
      problem: { title: "Bad Gateway", status: 502, request_id: "r2" },
    });
  });

  test("an abandoned call is no problem of the server", async () => {
    const abandoned = new AbortController();
    abandoned.abort();
    const server = new FakeServer().answers("/x", new DOMException("aborted", "AbortError"));
    await expect(server.client.json("/x", { signal: abandoned.signal })).rejects.toThrow("aborted");
  });

  test("anything that was thrown can be shown", () => {
    expect(problemOf(new Error("why"))).toMatchObject({ status: 0, detail: "why" });
    expect(problemOf("?").title).not.toBe("");
  });
});

describe("the routes", () => {
  test("all pages of a conversation are read", async () => {
    const path = "/api/v1/conversations/c1/messages";
    const server = new FakeServer()
      .answers(`${path}?limit=200`, ok({ items: [1], next_cursor: "n" }))
      .answers(`${path}?cursor=n&limit=200`, ok({ items: [2], next_cursor: null }));
    expect(await new Api(server.client).messages("c1")).toEqual([1, 2]);
  });

  test("a search is written into the address", async () => {
    const server = new FakeServer().answers("/api/v1/conversations?q=a%26b&limit=50", ok({ items: [] }));
    await new Api(server.client).conversations("a&b", null);
    expect(server.calls).toHaveLength(1);
  });

  test("a job's events are read as they come, whatever their name", async () => {
    const stream =
      'event: job\ndata: {"state":"running"}\n\n: still there\n\nevent: job\ndata: {"state":"succeeded"}\n\n';
    const server = new FakeServer().answers("/api/v1/indexing/jobs/j1/events", new Response(stream));
    const states = [];
    for await (const job of new Api(server.client).jobProgress("j1", new AbortController().signal)) {
      states.push(job.state);
    }
    expect(states).toEqual(["running", "succeeded"]);
  });
});
