import { useState, type ReactElement } from "react";
import type { Answer } from "../../api/types";
import type { AnswerView } from "../../chat/answer";
import type { Turn } from "../../chat/thread";
import { AgainIcon, CheckIcon, ChevronLeftIcon, ChevronRightIcon, CopyIcon } from "../icons";
import { useServices } from "../services";
import { doubtfulSpans } from "./citations";
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
  const { total } = answer.timings_ms;
  return (
    <div className="answer-facts">
      <Confidence answer={answer} />
      <Doubts answer={answer} />
      <Origin answer={answer} />
      {answer.cached && (
        <span
          data-testid="cached"
          title="This question was answered before, for readers with the same permissions, from passages that have not changed"
        >
          Answered before
        </span>
      )}
      {total != null && <span>{(total / 1000).toFixed(1)} s</span>}
    </div>
  );
}

function Doubts({ answer }: { answer: Answer }): ReactElement | null {
  const doubtful = doubtfulSpans(answer.content, answer.citations).length;
  const uncited = answer.uncited.length;
  if (doubtful + uncited > 0) {
    return (
      <>
        {doubtful > 0 && (
          <span
            className="doubt"
            data-testid="unsupported"
            title="They are underlined: read the passage before you rely on them"
          >
            {doubtful === 1 ? "1 sentence is" : `${doubtful} sentences are`} not clearly supported
          </span>
        )}
        {uncited > 0 && (
          <span
            className="doubt"
            data-testid="uncited"
            title="They are underlined: nothing in your documentation was named for them"
          >
            {uncited === 1 ? "1 sentence names" : `${uncited} sentences name`} no source
          </span>
        )}
      </>
    );
  }
  if (answer.grounded || answer.sources.length === 0 || !isAnswer(answer)) return null;
  return <span className="doubt">Not fully backed by your documentation</span>;
}

/** Who wrote it; a general answer has no sources and says so. */
function Origin({ answer }: { answer: Answer }): ReactElement | null {
  if (!isAnswer(answer) || answer.model === "") return null;
  if (answer.sources.length === 0) {
    return <span data-testid="origin">{answer.model}, without your documentation</span>;
  }
  if (answer.model === QUOTING) return <span data-testid="origin">Quoted, without a model</span>;
  return <span data-testid="origin">{answer.model}</span>;
}

const QUOTING = "extractive";

function isAnswer(answer: Answer): boolean {
  return answer.refusal === null && answer.state === "done";
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
