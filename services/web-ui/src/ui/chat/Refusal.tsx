import type { ReactElement } from "react";
import type { Source } from "../../api/types";
import type { AnswerView } from "../../chat/answer";
import { CompassIcon } from "../icons";
import { AnswerText } from "./AnswerText";
import { SourceCards } from "./SourceList";

/** The text's own list of nearest pages: where there are cards, they take its place. */
const CLOSING_LIST = /(\n[-*] [^\n]*)+\s*$/;

/** Says plainly that the documentation does not answer, and shows what comes nearest. */
export function Refusal({ view }: { view: AnswerView }): ReactElement {
  const pages = onePerPage(view.sources);
  const intro = view.content.replace(CLOSING_LIST, "");
  return (
    <div className="refusal" data-testid="refusal">
      <p className="refusal-title">
        <CompassIcon />
        Not in your documentation
      </p>
      <AnswerText view={pages.length === 0 ? view : { ...view, content: intro }} />
      {pages.length > 0 && (
        <>
          <h3 className={intro === view.content ? undefined : "visually-hidden"}>Nearest pages</h3>
          <SourceCards sources={pages} />
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
