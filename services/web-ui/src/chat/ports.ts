import type { Feedback, Message } from "../api/types";
import type { AnswerView } from "./answer";
import type { AskScope } from "./scope";
import type { Connection, SocketOptions } from "./socket";
import type { Thread } from "./thread";

/** The calls over HTTP that a conversation needs. */
export interface ChatApi {
  messages: (conversationId: string) => Promise<Message[]>;
  regenerate: (messageId: string) => Promise<{ answer_id: string }>;
  cancelAnswer: (answerId: string) => Promise<void>;
  sendFeedback: (messageId: string, feedback: Feedback) => Promise<void>;
}

export interface ChatOptions extends SocketOptions {
  api: ChatApi;
  newId: () => string;
  now: () => Date;
  /** Where a question that is asked now is to look. */
  scope: () => AskScope;
  /** Runs the work soon: frames that arrive together are announced together. */
  soon: (work: () => void) => void;
  onSignedOut: () => void;
  /** A conversation was begun or got an answer: the list of conversations is out of date. */
  onConversationChanged: () => void;
}

export interface ChatState {
  connection: Connection;
  threads: Record<string, Thread>;
  answers: Record<string, AnswerView>;
  /** The key of the thread on the page. */
  active: string;
}
