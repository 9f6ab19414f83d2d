import { useState, type ReactElement } from "react";
import type { Answer } from "../../api/types";
import type { AnswerView } from "../../chat/answer";
import type { Turn } from "../../chat/thread";
import { AgainIcon, CheckIcon, ChevronLeftIcon, ChevronRightIcon, CopyIcon } from "../icons";
import { useServices } from "../services";
import { Confidence } from "./Confidence";
import { FeedbackControls } from "./FeedbackControls";

interface AnswerFootProps {
  turn: Turn;
  view: AnswerView;
  latest: boolean;
}

/** What is known about a finished answer, and what can be done with it. */
export function AnswerFoot({ turn, view, latest }: AnswerFootProps): ReactElement {
  const { chat } = useServices();
  return (
    <div className="answer-foot">
      {view.answer !== null && <Facts answer={view.answer} />}
      <div className="answer-actions">
        <Versions turn={turn} />
        {view.content !== "" && <CopyButton text={view.content} />}
        {latest && turn.messageId !== null && view.problem === null && (
          <button
            type="button"
            className="icon-button small"
            aria-label="Write the answer again"
            title="Write again"
            data-testid="regenerate"
            onClick={() => void chat.regenerate(turn)}
          >
            <AgainIcon />
          </button>
        )}
        {view.answer !== null && <FeedbackControls answerId={view.id} />}
      </div>
    </div>
  );
}

function Facts({ answer }: { answer: Answer }): ReactElement {
  const doubtful = answer.citations.filter((citation) => !citation.supported).length;
  const { total } = answer.timings_ms;
  return (
    <div className="answer-facts">
      <Confidence answer={answer} />
      {doubtful > 0 && (
        <span className="doubt" data-testid="unsupported">
          {doubtful === 1 ? "1 citation is not supported" : `${doubtful} citations are not supported`}
        </span>
      )}
      {!answer.grounded && answer.refusal === null && answer.state === "done" && (
        <span className="doubt">Not fully backed by your documentation</span>
      )}
      {answer.cached && <span>Answered before</span>}
      {total != null && <span>{(total / 1000).toFixed(1)} s</span>}
    </div>
  );
}

function Versions({ turn }: { turn: Turn }): ReactElement | null {
  const { chat } = useServices();
  const count = turn.answerIds.length;
  if (count < 2) return null;
  return (
    <span className="versions">
      <button
        type="button"
        className="icon-button small"
        aria-label="Previous answer"
        disabled={turn.shown === 0}
        onClick={() => chat.showAnswer(turn, turn.shown - 1)}
      >
        <ChevronLeftIcon />
      </button>
      {turn.shown + 1} / {count}
      <button
        type="button"
        className="icon-button small"
        aria-label="Next answer"
        disabled={turn.shown === count - 1}
        onClick={() => chat.showAnswer(turn, turn.shown + 1)}
      >
        <ChevronRightIcon />
      </button>
    </span>
  );
}

const COPIED_MS = 1500;

function CopyButton({ text }: { text: string }): ReactElement {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), COPIED_MS);
  };
  return (
    <button
      type="button"
      className="icon-button small"
      aria-label={copied ? "Copied" : "Copy the answer"}
      title="Copy"
      onClick={() => void copy().catch(() => undefined)}
    >
      {copied ? <CheckIcon /> : <CopyIcon />}
    </button>
  );
}
