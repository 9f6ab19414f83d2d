import { Api } from "../../src/api/endpoints";
import { HttpClient } from "../../src/api/http";
import { Conversations } from "../../src/chat/conversations";
import { Scope } from "../../src/chat/scope";
import type { Services } from "../../src/ui/services";
import { Session } from "../../src/ui/session";
import { Page } from "../fakes";

export type Calls = { method: string; path: string; body: unknown }[];

/** A signed-in page whose server answers by method and path; what is asked is kept in `calls`. */
export function services(answers: Record<string, unknown> = {}, calls: Calls = []): Services {
  const http = new HttpClient({
    fetch: (input, init) => {
      const path = new URL(input, "http://page").pathname;
      const method = init.method ?? "GET";
      calls.push({ method, path, body: JSON.parse((init.body as string | undefined) ?? "null") });
      const answer = answers[`${method} ${path}`];
      if (answer instanceof Response) return Promise.resolve(answer.clone());
      if (answer === undefined) return Promise.resolve(new Response(null, { status: 204 }));
      return Promise.resolve(Response.json(answer));
    },
    cookies: () => "askflash_csrf=1",
    exclusively: (work) => work(),
  });
  const api = new Api(http);
  return {
    api,
    session: new Session(api),
    me: { id: "u1", email: "a@b.c", name: "A", roles: ["admin"], groups: [] },
    chat: Page.online().store,
    conversations: new Conversations(api),
    scope: new Scope(api),
  };
}

export const page = (...items: object[]): object => ({ items, next_cursor: null });
