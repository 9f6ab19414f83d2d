import { MessagePrimitive } from "@assistant-ui/react";
import type { ReactElement } from "react";
import { isUnderWay, type AnswerView } from "../../chat/answer";
import type { Turn } from "../../chat/thread";
import { ProblemBanner } from "../ProblemBanner";
import { useServices } from "../services";
import { AnswerFoot } from "./AnswerFoot";
import { AnswerText } from "./AnswerText";
import { FollowUps } from "./FollowUps";
import { Refusal } from "./Refusal";
import { SourceList } from "./SourceList";
import { Stages } from "./Stages";

interface AnswerMessageProps {
  turn: Turn;
  view: AnswerView;
  latest: boolean;
}

export function AnswerMessage({ turn, view, latest }: AnswerMessageProps): ReactElement {
  const underWay = isUnderWay(view);
  return (
    <MessagePrimitive.Root
      className="answer"
      data-testid="answer"
      data-state={view.state}
      data-answer-id={view.id}
    >
      <h2 className="visually-hidden">AskFlash answered</h2>
      {underWay && <Stages view={view} />}
      <AnswerBody view={view} busy={underWay} />
      {view.problem !== null && <FailedAnswer turn={turn} problem={view.problem} latest={latest} />}
      {!underWay && <AnswerFoot turn={turn} view={view} latest={latest} />}
      {latest && view.state === "done" && <FollowUps questions={view.answer?.follow_ups ?? []} />}
    </MessagePrimitive.Root>
  );
}

function AnswerBody({ view, busy }: { view: AnswerView; busy: boolean }): ReactElement {
  const refused = view.answer?.refusal != null;
  return (
    <>
      <div aria-live="polite" aria-busy={busy}>
        {refused ? <Refusal view={view} /> : <AnswerText view={view} />}
      </div>
      {view.state === "cancelled" && <p className="note">You stopped this answer.</p>}
      {!refused && <SourceList view={view} />}
    </>
  );
}

interface FailedAnswerProps {
  turn: Turn;
  problem: NonNullable<AnswerView["problem"]>;
  latest: boolean;
}

function FailedAnswer({ turn, problem, latest }: FailedAnswerProps): ReactElement {
  const { chat } = useServices();
  const again = (): void => {
    if (turn.messageId === null) chat.askAgain(turn);
    else void chat.regenerate(turn);
  };
  return (
    <ProblemBanner problem={problem}>
      {latest && (
        <button type="button" className="button small" onClick={again}>
          Try again
        </button>
      )}
    </ProblemBanner>
  );
}
