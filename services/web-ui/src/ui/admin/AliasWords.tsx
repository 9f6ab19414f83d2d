import type { ReactElement } from "react";

export function AliasWords({ term, synonyms }: { term: string; synonyms: string[] }): ReactElement {
  return (
    <p className="alias-words">
      <span className="row-title">{term}</span>
      <span className="alias-same" aria-label="means the same as">
        ↔
      </span>
      <span>{synonyms.join(", ")}</span>
    </p>
  );
}
