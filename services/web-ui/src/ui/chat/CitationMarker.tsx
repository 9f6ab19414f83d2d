import type { ReactElement } from "react";
import type { Source } from "../../api/types";
import { usePassage } from "./passage";

interface CitationMarkerProps {
  marker: string;
  source: Source | undefined;
  supported: boolean;
}

export function CitationMarker({ marker, source, supported }: CitationMarkerProps): ReactElement {
  const { shown, show } = usePassage();
  if (source === undefined) return <span className="cite unknown">[{marker}]</span>;
  const doubt = supported ? "" : " — the passage does not clearly support this sentence";
  const label = `Source ${marker}: ${source.title}${doubt}`;
  return (
    <button
      type="button"
      className="cite"
      data-testid="citation-marker"
      data-marker={marker}
      data-supported={supported}
      data-current={shown?.id === source.id}
      aria-label={label}
      title={label}
      onClick={() => show(source)}
    >
      {marker}
      {!supported && "?"}
    </button>
  );
}
