import type { Answer, AnswerState, Message, Problem } from "../api/types";
import { isUnderWay, newAnswer, storedAnswer, unstoredAnswer, type AnswerView } from "./answer";

/** A question and its answers, of which `shown` (an index) is on the page. */
export interface Turn {
  /** Stays the same from the first keystroke of Enter to the last reload, so that the page need not rebuild. */
  key: string;
  /** Null until the server accepted the question. */
  messageId: string | null;
  clientId: string | null;
  content: string;
  createdAt: string;
  answerIds: string[];
  shown: number;
}

/** A conversation on the page; `conversationId` is null until its first question was accepted. */
export interface Thread {
  key: string;
  conversationId: string | null;
  turns: Turn[];
  loading: boolean;
  problem: Problem | null;
}

export function emptyThread(key: string, conversationId: string | null): Thread {
  return { key, conversationId, turns: [], loading: false, problem: null };
}

/** The id under which the answer is kept until the server gives it one. */
export function provisionalAnswerId(clientId: string): string {
  return `pending:${clientId}`;
}

export function askedTurn(clientId: string, content: string, createdAt: string): Turn {
  const answerIds = [provisionalAnswerId(clientId)];
  return { key: clientId, messageId: null, clientId, content, createdAt, answerIds, shown: 0 };
}

export function withAnswer(turn: Turn, answerId: string): Turn {
  const answerIds = [...turn.answerIds, answerId];
  return { ...turn, answerIds, shown: answerIds.length - 1 };
}

export function shownAnswer(turn: Turn, answers: Record<string, AnswerView>): AnswerView {
  const id = turn.answerIds[turn.shown] ?? `none:${turn.key}`;
  return answers[id] ?? newAnswer(id, "failed");
}

export interface History {
  turns: Turn[];
  answers: AnswerView[];
}

/** Turns a conversation's messages, oldest first, into turns; `known` keeps the keys of turns already on the page. */
export function historyOf(messages: Message[], known: Turn[]): History {
  const history: History = { turns: [], answers: [] };
  const latest = new Map<string, { id: string; state: AnswerState }>();
  for (const message of messages) {
    if (message.role === "user") {
      history.turns.push(turnOf(message, known));
      if (message.answer_id != null) {
        latest.set(message.id, { id: message.answer_id, state: message.answer_state ?? "done" });
      }
    } else if (message.answer != null) addStored(history, message.answer);
  }
  for (const turn of history.turns) {
    const answer = latest.get(turn.messageId ?? "");
    if (answer !== undefined && !turn.answerIds.includes(answer.id)) {
      turn.answerIds.push(answer.id);
      history.answers.push(unstoredAnswer(answer.id, answer.state));
    }
    turn.shown = Math.max(0, turn.answerIds.length - 1);
  }
  return history;
}

function turnOf(message: Message, known: Turn[]): Turn {
  const before = known.find((turn) => turn.messageId === message.id);
  return {
    key: before?.key ?? message.id,
    messageId: message.id,
    clientId: null,
    content: message.content,
    createdAt: message.created_at,
    answerIds: [],
    shown: 0,
  };
}

function addStored(history: History, answer: Answer): void {
  const turn =
    history.turns.find((candidate) => candidate.messageId === answer.message_id) ?? history.turns.at(-1);
  if (turn === undefined || turn.answerIds.includes(answer.id)) return;
  turn.answerIds.push(answer.id);
  history.answers.push(storedAnswer(answer));
}

/** True while an answer of this thread is being written. */
export function isBusy(thread: Thread, answers: Record<string, AnswerView>): boolean {
  return thread.turns.some((turn) => turn.answerIds.some((id) => isBusyAnswer(answers[id])));
}

function isBusyAnswer(view: AnswerView | undefined): boolean {
  return view !== undefined && isUnderWay(view);
}

/** The conversations in which an answer is being written. */
export function busyConversations(
  threads: Record<string, Thread>,
  answers: Record<string, AnswerView>,
): ReadonlySet<string> {
  const busy = Object.values(threads).filter((thread) => isBusy(thread, answers));
  return new Set(busy.map((thread) => thread.conversationId).filter((id) => id !== null));
}
