import { problemOf } from "../api/problem";
import type { Conversation, Page, Problem } from "../api/types";
import { Observable } from "./observable";

export interface ConversationsApi {
  conversations: (q: string, cursor: string | null) => Promise<Page<Conversation>>;
  renameConversation: (id: string, title: string) => Promise<Conversation>;
  deleteConversation: (id: string) => Promise<void>;
}

export interface ConversationsState {
  query: string;
  items: Conversation[];
  nextCursor: string | null;
  loaded: boolean;
  problem: Problem | null;
}

/** The list of conversations: search, more, rename, delete. The answer to an older query never replaces a newer's. */
export class Conversations extends Observable<ConversationsState> {
  readonly #api: ConversationsApi;
  #request = 0;

  constructor(api: ConversationsApi) {
    super({ query: "", items: [], nextCursor: null, loaded: false, problem: null });
    this.#api = api;
  }

  async search(query: string): Promise<void> {
    this.set({ query });
    await this.refresh();
  }

  async refresh(): Promise<void> {
    await this.#load(null, []);
  }

  async more(): Promise<void> {
    if (this.state.nextCursor !== null) await this.#load(this.state.nextCursor, this.state.items);
  }

  async rename(id: string, title: string): Promise<void> {
    const before = this.state.items;
    this.set({ items: before.map((item) => (item.id === id ? { ...item, title } : item)), problem: null });
    try {
      await this.#api.renameConversation(id, title);
    } catch (error) {
      this.set({ items: before, problem: problemOf(error) });
    }
  }

  /** True when the conversation is gone. */
  async remove(id: string): Promise<boolean> {
    try {
      await this.#api.deleteConversation(id);
      this.set({ items: this.state.items.filter((item) => item.id !== id), problem: null });
      return true;
    } catch (error) {
      this.set({ problem: problemOf(error) });
      return false;
    }
  }

  dismissProblem(): void {
    this.set({ problem: null });
  }

  async #load(cursor: string | null, before: Conversation[]): Promise<void> {
    const request = ++this.#request;
    try {
      const page = await this.#api.conversations(this.state.query, cursor);
      if (request !== this.#request) return;
      this.set({
        items: [...before, ...page.items],
        nextCursor: page.next_cursor,
        loaded: true,
        problem: null,
      });
    } catch (error) {
      if (request === this.#request) this.set({ loaded: true, problem: problemOf(error) });
    }
  }
}
