import type { ReactElement } from "react";
import type { Source } from "../../api/types";
import type { AnswerView } from "../../chat/answer";
import { CompassIcon } from "../icons";
import { AnswerText } from "./AnswerText";
import { SourceCards } from "./SourceList";

/** Says plainly that the documentation does not answer, and shows what comes nearest. */
export function Refusal({ view }: { view: AnswerView }): ReactElement {
  return (
    <div className="refusal" data-testid="refusal">
      <p className="refusal-title">
        <CompassIcon />
        Not in your documentation
      </p>
      <AnswerText view={view} />
      {view.sources.length > 0 && (
        <>
          <h3>Nearest pages</h3>
          <SourceCards sources={onePerPage(view.sources)} />
        </>
      )}
    </div>
  );
}

function onePerPage(sources: Source[]): Source[] {
  return sources.filter(
    (source, index) => sources.findIndex(({ document_id: id }) => id === source.document_id) === index,
  );
}
