import { localProblem } from "../api/problem";
import type { Answer, AnswerState, Problem, Source } from "../api/types";
import type { AnswerFrame, Stage } from "./frames";

/** An answer as the reader sees it: in the making, or as it was stored (`answer`). */
export interface AnswerView {
  id: string;
  state: AnswerState;
  stage: Stage | null;
  detail: string;
  content: string;
  sources: Source[];
  answer: Answer | null;
  problem: Problem | null;
  cancelling: boolean;
}

export function newAnswer(id: string, state: AnswerState = "queued"): AnswerView {
  return {
    id,
    state,
    stage: null,
    detail: "",
    content: "",
    sources: [],
    answer: null,
    problem: null,
    cancelling: false,
  };
}

export function storedAnswer(answer: Answer): AnswerView {
  return {
    ...newAnswer(answer.id, answer.state),
    content: answer.content,
    sources: answer.sources,
    answer,
    problem: answer.state === "failed" ? (answer.problem ?? FAILED) : null,
  };
}

/** An answer of which only the state is known: it ended without a stored text, or is still being written. */
export function unstoredAnswer(id: string, state: AnswerState): AnswerView {
  return { ...newAnswer(id, state), problem: state === "failed" ? FAILED : null };
}

const FAILED = localProblem("This answer could not be written", "Ask again, or have it written once more.");

export function isUnderWay(view: AnswerView): boolean {
  return view.state === "queued" || view.state === "running";
}

/**
 * The answer after one more frame. What an answer that has ended still receives changes nothing.
 *
 * The caller drops frames whose position it has seen: a delta twice would be text twice.
 */
export function applyFrame(view: AnswerView, frame: AnswerFrame): AnswerView {
  if (!isUnderWay(view)) return view;
  switch (frame.type) {
    case "status":
      return { ...view, state: "running", stage: frame.stage, detail: frame.detail ?? "" };
    case "sources":
      return { ...view, state: "running", sources: frame.sources };
    case "delta":
      return { ...view, state: "running", content: view.content + frame.text };
    case "reset":
      return { ...newAnswer(view.id, "running"), cancelling: view.cancelling };
    case "done":
      return storedAnswer(frame.answer);
    case "error":
      return { ...view, state: "failed", problem: frame.problem, cancelling: false };
  }
}
