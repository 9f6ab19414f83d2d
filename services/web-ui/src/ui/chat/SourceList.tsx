import { useState, type ReactElement } from "react";
import type { Source } from "../../api/types";
import { isUnderWay, type AnswerView } from "../../chat/answer";
import { bySignificance } from "./citations";
import { sourceTypeName } from "../sourceTypes";
import { usePassage } from "./passage";

/** The sources of an answer: those it cites, and on demand those it was given besides. */
export function SourceList({ view }: { view: AnswerView }): ReactElement | null {
  const [all, setAll] = useState(false);
  const { cited, others } = bySignificance(view.content, view.sources);
  if (isUnderWay(view) || view.sources.length === 0) return null;
  const shown = all || cited.length === 0 ? [...cited, ...others] : cited;
  const hidden = view.sources.length - shown.length;
  return (
    <section className="sources" aria-label="Sources">
      <h3>{cited.length === 0 ? "Related pages" : "Sources"}</h3>
      <SourceCards sources={shown} />
      {hidden > 0 && (
        <button type="button" className="link" onClick={() => setAll(true)}>
          {hidden === 1 ? "One more page was read" : `${hidden} more passages were read`}
        </button>
      )}
    </section>
  );
}

export function SourceCards({ sources }: { sources: Source[] }): ReactElement {
  const { shown, show } = usePassage();
  return (
    <ul className="source-cards">
      {sources.map((source) => (
        <li key={source.id}>
          <button
            type="button"
            className="source-card"
            data-testid="source-card"
            data-current={shown?.id === source.id}
            onClick={() => show(source)}
          >
            <span className="source-number">{source.marker}</span>
            <span className="source-names">
              <span className="source-title">{source.title}</span>
              <span className="source-path">
                {source.path.join(" › ") || sourceTypeName(source.provider)}
              </span>
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
