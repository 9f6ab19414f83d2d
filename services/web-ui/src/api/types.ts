/**
 * The wire format of the public API as the page reads it, by the names that the page uses.
 *
 * Times are RFC 3339 strings in UTC. Every offset (`start`, `end`) counts Unicode code points, not UTF-16 units:
 * see `chat/codepoints.ts`.
 */

import type { components } from "./schema";

type Schemas = components["schemas"];

/** The server sends every field; the document calls those optional that have a default. */
type Whole<T> = T extends (infer Item)[]
  ? Whole<Item>[]
  : T extends object
    ? { [Key in keyof T]-?: Whole<T[Key]> }
    : T;

/** One page of a list; `next_cursor` is null on the last one. */
export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** RFC 9457 problem document. Written out here: what it does not know, it leaves out. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string | null;
  request_id?: string | null;
  errors?: { field: string; message: string }[] | null;
}

export type Me = Whole<Schemas["MeResponse"]>;

/** A passage that an answer was written from; `start`/`end` lie in the document's text. */
export type Source = Whole<Schemas["Source"]>;

/** A sentence of the answer (`start`/`end` lie in `Answer.content`) and the source that it leans on. */
export type Citation = Whole<Schemas["Citation"]>;

/** `message_id` is the question's; `problem` says why it failed. What it cost is not shown. */
export type Answer = Omit<Whole<Schemas["Answer"]>, "problem" | "usage"> & { problem?: Problem | null };

export type AnswerState = Schemas["GenerationState"];

export type Mode = Schemas["Mode"];

/** `title` is empty before the first question. */
export type Conversation = Whole<Schemas["ConversationResponse"]>;

/**
 * `answer` comes with an assistant's message, which has the answer's id; `answer_id` and `answer_state` come with a
 * user's and tell of its latest answer.
 */
export type Message = Omit<Schemas["MessageResponse"], "answer"> & { answer?: Answer | null };

export type Feedback = Schemas["FeedbackRequest"];

export type DocumentText = Whole<Schemas["DocumentResponse"]>;

export type Job = Whole<Schemas["JobResponse"]>;

/** What did not become searchable, and why; without a document: what stopped or delays the job. */
export type JobProblem = Job["problems"][number];

export type DocumentationSource = Whole<Schemas["SourceResponse"]>;

/** A source as it is connected; what it does not say is left out. */
export type NewSource = Schemas["CreateSourceRequest"];

/** Whether a source can be read; `detail` says what to do where it cannot. */
export type SourceCheck = Whole<Schemas["CheckResponse"]>;

/** Words that mean the same when they are searched for. */
export type Alias = Whole<Schemas["AliasResponse"]>;

export type Discovery = Whole<Schemas["DiscoverResponse"]>;

/** An alias that the documentation itself suggests; `evidence` says where. */
export type AliasProposal = Discovery["proposals"][number];

export type FleetStatus = Whole<Schemas["StatusResponse"]>;

export type Health = FleetStatus["status"];
