import { describe, expect, test } from "vitest";
import type { Conversation, Page } from "../../src/api/types";
import { Conversations, type ConversationsApi } from "../../src/chat/conversations";

function conversation(id: string, title = id): Conversation {
  return {
    id,
    title,
    mode: "company",
    created_at: "2026-11-23T08:00:00Z",
    updated_at: "2026-11-23T08:00:00Z",
  };
}

class FakeApi implements ConversationsApi {
  failing = false;
  pages = new Map<string, Page<Conversation>>([
    ["", { items: [conversation("c1"), conversation("c2")], next_cursor: "next" }],
    ["next", { items: [conversation("c3")], next_cursor: null }],
  ]);
  hold: Promise<void> = Promise.resolve();

  async conversations(q: string, cursor: string | null): Promise<Page<Conversation>> {
    await this.hold;
    this.#fail();
    return this.pages.get(cursor ?? q) ?? { items: [], next_cursor: null };
  }

  renameConversation(id: string, title: string): Promise<Conversation> {
    return this.#answer(conversation(id, title));
  }

  deleteConversation(): Promise<void> {
    return this.#answer(undefined);
  }

  #answer<T>(value: T): Promise<T> {
    return this.failing ? Promise.reject(new Error("no")) : Promise.resolve(value);
  }

  #fail(): void {
    if (this.failing) throw new Error("no");
  }
}

function ids(list: Conversations): string[] {
  return list.state.items.map((item) => item.id);
}

describe("the list of conversations", () => {
  test("grows page by page", async () => {
    const list = new Conversations(new FakeApi());
    await list.refresh();
    await list.more();
    expect(ids(list)).toEqual(["c1", "c2", "c3"]);
    await list.more();
    expect(ids(list)).toHaveLength(3);
  });

  test("shows what was searched last, whatever arrives last", async () => {
    const api = new FakeApi();
    api.pages.set("old", { items: [conversation("old")], next_cursor: null });
    api.pages.set("new", { items: [conversation("new")], next_cursor: null });
    const list = new Conversations(api);
    let release = (): void => undefined;
    api.hold = new Promise((resolve) => (release = resolve));
    const slow = list.search("old");
    api.hold = Promise.resolve();
    await list.search("new");
    release();
    await slow;
    expect(ids(list)).toEqual(["new"]);
  });

  test("renames at once and takes it back when that fails", async () => {
    const api = new FakeApi();
    const list = new Conversations(api);
    await list.refresh();
    await list.rename("c1", "Better");
    expect(list.state.items[0]?.title).toBe("Better");

    api.failing = true;
    await list.rename("c1", "Worse");
    expect(list.state.items[0]?.title).toBe("Better");
    expect(list.state.problem).toMatchObject({ detail: "no" });
    list.dismissProblem();
    expect(list.state.problem).toBeNull();
  });

  test("forgets what was deleted, and only that", async () => {
    const api = new FakeApi();
    const list = new Conversations(api);
    await list.refresh();
    expect(await list.remove("c1")).toBe(true);
    expect(ids(list)).toEqual(["c2"]);
    api.failing = true;
    expect(await list.remove("c2")).toBe(false);
    expect(ids(list)).toEqual(["c2"]);
  });

  test("says when it cannot be read", async () => {
    const api = new FakeApi();
    api.failing = true;
    const list = new Conversations(api);
    await list.refresh();
    expect(list.state).toMatchObject({ loaded: true, problem: { detail: "no" } });
  });
});
