import { ThreadPrimitive } from "@assistant-ui/react";
import type { ReactElement } from "react";
import type { Thread } from "../../chat/thread";
import { ArrowDownIcon } from "../icons";
import { ProblemBanner } from "../ProblemBanner";
import { useObservable, useServices } from "../services";
import { AnswerMessage } from "./AnswerMessage";
import { Composer } from "./Composer";
import { itemOf } from "./items";
import { QuestionMessage } from "./QuestionMessage";
import { ScopeControls } from "./ScopeControls";
import { Welcome } from "./Welcome";

export function ThreadView({ thread }: { thread: Thread }): ReactElement {
  const { chat } = useServices();
  const empty = thread.turns.length === 0 && !thread.loading && thread.problem === null;
  return (
    <ThreadPrimitive.Root className="thread" data-empty={empty}>
      <ThreadPrimitive.Viewport className="viewport">
        <div className="column">
          {empty && <Welcome />}
          {thread.loading && <Skeleton />}
          <ThreadPrimitive.Messages>
            {({ message }) => {
              const item = itemOf(message);
              return item.kind === "question" ? (
                <QuestionMessage turn={item.turn} />
              ) : (
                <AnswerMessage {...item} />
              );
            }}
          </ThreadPrimitive.Messages>
          {thread.problem !== null && (
            <ProblemBanner problem={thread.problem} onDismiss={() => chat.dismissProblem()} />
          )}
        </div>
      </ThreadPrimitive.Viewport>
      <div className="dock">
        <ThreadPrimitive.ScrollToBottom className="to-bottom" aria-label="To the latest answer">
          <ArrowDownIcon />
        </ThreadPrimitive.ScrollToBottom>
        <ConnectionLine />
        <Composer />
        <ScopeControls />
      </div>
    </ThreadPrimitive.Root>
  );
}

function ConnectionLine(): ReactElement {
  const { connection } = useObservable(useServices().chat);
  const lost = connection === "waiting" || connection === "connecting";
  return (
    <p className="connection" role="status" data-testid="connection" data-state={connection}>
      {lost && <span>Reconnecting…</span>}
    </p>
  );
}

function Skeleton(): ReactElement {
  return (
    <div className="skeleton" aria-busy="true" aria-label="Loading the conversation">
      <span />
      <span />
      <span />
    </div>
  );
}
