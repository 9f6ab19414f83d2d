import type { HttpClient } from "./http";
import { readEvents } from "./sse";
import type {
  Alias,
  Conversation,
  Discovery,
  DocumentationSource,
  DocumentText,
  Feedback,
  FleetStatus,
  Job,
  JobProblem,
  Me,
  Message,
  NewSource,
  Page,
  SourceCheck,
} from "./types";

const PAGE_LIMIT = 200;

function query(parameters: Record<string, string | number | null>): string {
  const present = Object.entries(parameters).filter(([, value]) => value !== null && value !== "");
  return new URLSearchParams(present.map(([key, value]) => [key, String(value)])).toString();
}

/** The routes that the page uses, one method each. Paths are relative to the origin that served the page. */
export class Api {
  readonly http: HttpClient;

  constructor(http: HttpClient) {
    this.http = http;
  }

  async signIn(email: string, password: string): Promise<Me> {
    const body = await this.http.json<{ user: Me }>("/api/v1/auth/login", {
      method: "POST",
      json: { email, password },
      renew: false,
    });
    return body.user;
  }

  me(): Promise<Me> {
    return this.http.json("/api/v1/auth/me");
  }

  signOut(): Promise<void> {
    return this.http.empty("/api/v1/auth/logout", { method: "POST" });
  }

  conversations(q: string, cursor: string | null): Promise<Page<Conversation>> {
    return this.http.json(`/api/v1/conversations?${query({ q, cursor, limit: 50 })}`);
  }

  renameConversation(id: string, title: string): Promise<Conversation> {
    return this.http.json(`/api/v1/conversations/${id}`, { method: "PATCH", json: { title } });
  }

  deleteConversation(id: string): Promise<void> {
    return this.http.empty(`/api/v1/conversations/${id}`, { method: "DELETE" });
  }

  /** Every message of a conversation, oldest first. */
  messages(conversationId: string): Promise<Message[]> {
    return this.#all(
      (cursor) => `/api/v1/conversations/${conversationId}/messages?${query({ cursor, limit: PAGE_LIMIT })}`,
    );
  }

  /** A new answer to the question `messageId`, beside those it has. */
  regenerate(messageId: string): Promise<{ answer_id: string }> {
    return this.http.json(`/api/v1/messages/${messageId}/regenerate`, { method: "POST" });
  }

  cancelAnswer(answerId: string): Promise<void> {
    return this.http.empty(`/api/v1/answers/${answerId}/cancel`, { method: "POST" });
  }

  sendFeedback(messageId: string, feedback: Feedback): Promise<void> {
    return this.http.empty(`/api/v1/messages/${messageId}/feedback`, { method: "PUT", json: feedback });
  }

  document(id: string, signal: AbortSignal): Promise<DocumentText> {
    return this.http.json(`/api/v1/documents/${id}`, { signal });
  }

  /** Those that the reader may see. */
  sources(): Promise<DocumentationSource[]> {
    return this.#all((cursor) => `/api/v1/sources?${query({ cursor, limit: PAGE_LIMIT })}`);
  }

  /** Nothing is read yet: `checkSource` tries it, `syncSource` reads it. */
  createSource(source: NewSource): Promise<DocumentationSource> {
    return this.http.json("/api/v1/sources", { method: "POST", json: source });
  }

  checkSource(id: string): Promise<SourceCheck> {
    return this.http.json(`/api/v1/sources/${id}/check`, { method: "POST", json: {} });
  }

  deleteSource(id: string): Promise<void> {
    return this.http.empty(`/api/v1/sources/${id}`, { method: "DELETE" });
  }

  aliases(): Promise<Alias[]> {
    return this.#all((cursor) => `/api/v1/aliases?${query({ cursor, limit: PAGE_LIMIT })}`);
  }

  /** A term that is there already gets these synonyms besides its own. */
  addAlias(term: string, synonyms: string[]): Promise<Alias> {
    return this.http.json("/api/v1/aliases", { method: "POST", json: { term, synonyms } });
  }

  deleteAlias(id: string): Promise<void> {
    return this.http.empty(`/api/v1/aliases/${id}`, { method: "DELETE" });
  }

  /** What the documents themselves suggest; nothing is accepted by asking. */
  discoverAliases(): Promise<Discovery> {
    return this.http.json("/api/v1/aliases/discover", { method: "POST", json: {} });
  }

  job(id: string): Promise<Job> {
    return this.http.json(`/api/v1/indexing/jobs/${id}`);
  }

  /** `allowDeletions`: also where so much is gone that somebody has to agree. */
  syncSource(id: string, allowDeletions = false): Promise<{ job_id: string }> {
    return this.http.json(`/api/v1/sources/${id}/sync`, {
      method: "POST",
      json: allowDeletions ? { allow_deletions: true } : {},
    });
  }

  /** All of them; the job itself carries the first ones. */
  jobProblems(id: string): Promise<JobProblem[]> {
    return this.#all(
      (cursor) => `/api/v1/indexing/jobs/${id}/problems?${query({ cursor, limit: PAGE_LIMIT })}`,
    );
  }

  cancelJob(id: string): Promise<Job> {
    return this.http.json(`/api/v1/indexing/jobs/${id}/cancel`, { method: "POST", json: {} });
  }

  /** A new job for what failed or was cancelled. */
  retryJob(id: string): Promise<{ job_id: string }> {
    return this.http.json(`/api/v1/indexing/jobs/${id}/retry`, { method: "POST", json: {} });
  }

  upload(file: File): Promise<{ document_id: string; job_id: string }> {
    const form = new FormData();
    form.append("file", file);
    return this.http.json("/api/v1/documents", { method: "POST", form });
  }

  /** A job's progress as it comes: each event carries the whole job or the fields that changed. */
  async *jobProgress(id: string, signal: AbortSignal): AsyncGenerator<Partial<Job>> {
    const response = await this.http.response(`/api/v1/indexing/jobs/${id}/events`, {
      headers: { Accept: "text/event-stream" },
      signal,
    });
    for await (const event of readEvents(response)) {
      const data: unknown = JSON.parse(event.data);
      if (typeof data === "object" && data !== null) yield data;
    }
  }

  status(): Promise<FleetStatus> {
    return this.http.json("/api/v1/status");
  }

  /** Every item of a list, page by page. */
  async #all<Item>(path: (cursor: string | null) => string): Promise<Item[]> {
    const all: Item[] = [];
    let cursor: string | null = null;
    do {
      const page: Page<Item> = await this.http.json<Page<Item>>(path(cursor));
      all.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor !== null);
    return all;
  }
}
