/**
 * The wire format of the public API as the page reads it.
 *
 * Times are RFC 3339 strings in UTC. Every offset (`start`, `end`) counts Unicode code points, not UTF-16 units:
 * see `chat/codepoints.ts`.
 */

/** One page of a list; `next_cursor` is null on the last one. */
export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** RFC 9457 problem document. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string | null;
  instance?: string | null;
  request_id?: string | null;
  errors?: { field: string; message: string }[] | null;
}

export type Role = "admin" | "editor" | "user";

export interface Me {
  id: string;
  email: string;
  name: string;
  roles: Role[];
  groups: string[];
}

export type AnswerState = "queued" | "running" | "done" | "failed" | "cancelled";

/** A passage that an answer was written from; `start`/`end` lie in the document's text. */
export interface Source {
  id: string;
  marker: number | string;
  document_id: string;
  chunk_id: string;
  title: string;
  path: string[];
  url: string | null;
  provider: string;
  text: string;
  start: number;
  end: number;
  score: number;
  updated_at: string | null;
}

/** A sentence of the answer (`start`/`end` lie in `Answer.content`) and the source that it leans on. */
export interface Citation {
  marker: number | string;
  source_id: string;
  start: number;
  end: number;
  supported: boolean;
}

export interface Answer {
  id: string;
  message_id: string;
  conversation_id: string;
  state: AnswerState;
  content: string;
  citations: Citation[];
  sources: Source[];
  confidence: number;
  grounded: boolean;
  refusal: "not_in_documentation" | null;
  cached: boolean;
  model: string;
  usage: { prompt_tokens: number; completion_tokens: number };
  timings_ms: Partial<Record<"queue" | "intent" | "retrieval" | "first_token" | "total", number | null>>;
  follow_ups: string[];
  created_at: string;
  /** Why it failed. */
  problem?: Problem | null;
}

export type Mode = "company" | "general";

/** `title` is empty before the first question. */
export interface Conversation {
  id: string;
  title: string;
  mode: Mode;
  created_at: string;
  updated_at: string;
}

/**
 * `answer` comes with an assistant's message, which has the answer's id; `answer_id` and `answer_state` come with a
 * user's and tell of its latest answer.
 */
export interface Message {
  id: string;
  conversation_id: string;
  role: "user" | "assistant";
  content: string;
  created_at: string;
  answer?: Answer | null;
  answer_id?: string | null;
  answer_state?: AnswerState | null;
}

export interface Feedback {
  rating: "up" | "down";
  reason?: string;
  comment?: string;
}

export interface DocumentText {
  id: string;
  title: string;
  path: string[];
  url: string | null;
  text: string;
  updated_at: string | null;
}

export type JobState = "queued" | "running" | "succeeded" | "partial" | "failed" | "cancelled";

export type JobCounts = Record<"found" | "indexed" | "unchanged" | "deleted" | "skipped" | "failed", number>;

export interface Job {
  id: string;
  source_id: string;
  state: JobState;
  phase: string;
  counts: JobCounts;
  problems: { document: string; detail: string }[];
  started_at: string | null;
  heartbeat_at: string | null;
  finished_at: string | null;
}

export interface DocumentationSource {
  id: string;
  type: string;
  name: string;
  groups: string[];
  schedule: string | null;
  last_job_id: string | null;
}

export type Health = "ok" | "degraded" | "down";

export interface FleetStatus {
  status: Health;
  services: {
    name: string;
    status: Health;
    version: string;
    latency_ms: number | null;
    detail: string;
  }[];
  queues: {
    name: string;
    waiting: number;
    in_progress: number;
    oldest_seconds: number;
    dead: number;
  }[];
  checked_at: string;
}
