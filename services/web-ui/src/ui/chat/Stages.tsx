import type { ReactElement } from "react";
import type { AnswerView } from "../../chat/answer";
import { STAGES, type Stage } from "../../chat/frames";
import { CheckIcon } from "../icons";

const NAMES: Record<Stage, string> = {
  understanding: "Understanding",
  searching: "Searching",
  writing: "Writing",
  checking: "Checking",
};

/** How far an answer under way has come. */
export function Stages({ view }: { view: AnswerView }): ReactElement {
  const reached = view.stage === null ? -1 : STAGES.indexOf(view.stage);
  return (
    <div className="stages" role="status" data-testid="stage" data-stage={view.stage ?? "queued"}>
      <ol>
        {STAGES.map((stage, index) => (
          <li
            key={stage}
            data-step={index < reached ? "done" : index === reached ? "current" : "ahead"}
            aria-current={index === reached ? "step" : undefined}
          >
            <span className="step-dot">{index < reached && <CheckIcon />}</span>
            <span className="step-name">{NAMES[stage]}</span>
          </li>
        ))}
      </ol>
      <p className="stage-detail">{detailOf(view)}</p>
    </div>
  );
}

function detailOf(view: AnswerView): string {
  if (view.cancelling) return "Stopping…";
  if (view.stage === null) return "Waiting for its turn…";
  return view.detail;
}
