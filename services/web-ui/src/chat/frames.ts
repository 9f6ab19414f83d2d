import type { Answer, Problem, Source } from "../api/types";
import type { AskScope } from "./scope";

export const SUBPROTOCOL = "askflash.v1";

/** The stages of an answer, in the order in which they are reached. */
export const STAGES = ["understanding", "searching", "writing", "checking"] as const;
export type Stage = (typeof STAGES)[number];

export type ClientFrame =
  | ({ type: "ask"; client_id: string; content: string; conversation_id: string | null } & AskScope)
  | { type: "resume"; answer_id: string; after: string | null }
  | { type: "cancel"; answer_id: string }
  | { type: "ping" };

export interface AcceptedFrame {
  type: "accepted";
  client_id: string;
  conversation_id: string;
  message_id: string;
  answer_id: string;
}

/** What happens to one answer; `position` is opaque and never repeated. */
export type AnswerFrame = { answer_id: string; position?: string } & (
  | { type: "status"; stage: Stage; detail?: string | null }
  | { type: "sources"; sources: Source[] }
  | { type: "delta"; text: string }
  | { type: "reset" }
  | { type: "done"; answer: Answer }
  | { type: "error"; problem: Problem }
);

export type ServerFrame =
  | AcceptedFrame
  | AnswerFrame
  | { type: "error"; client_id?: string; problem: Problem }
  | { type: "pong" }
  | { type: "reconnect"; after_ms: number };

const KNOWN = new Set([
  "accepted",
  "status",
  "sources",
  "delta",
  "reset",
  "done",
  "error",
  "pong",
  "reconnect",
]);

/** The frame in a message of the socket; null for what this page does not know, which it ignores. */
export function parseFrame(data: unknown): ServerFrame | null {
  if (typeof data !== "string") return null;
  try {
    const frame: unknown = JSON.parse(data);
    return isServerFrame(frame) ? frame : null;
  } catch {
    return null;
  }
}

function isServerFrame(frame: unknown): frame is ServerFrame {
  return (
    typeof frame === "object" &&
    frame !== null &&
    "type" in frame &&
    typeof frame.type === "string" &&
    KNOWN.has(frame.type)
  );
}

export function isAnswerFrame(frame: ServerFrame): frame is AnswerFrame {
  return "answer_id" in frame && frame.type !== "accepted";
}
