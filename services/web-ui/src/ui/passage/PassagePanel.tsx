import { useEffect, useRef, useState, type ReactElement } from "react";
import { problemOf } from "../../api/problem";
import type { DocumentText, Problem, Source } from "../../api/types";
import { CloseIcon, ExternalIcon } from "../icons";
import { ago } from "../ago";
import { ProblemBanner } from "../ProblemBanner";
import { useServices } from "../services";
import { DocumentView, Typeset } from "./DocumentView";
import { locate } from "./locate";
import { safeUrl } from "./safeUrl";

interface PassagePanelProps {
  source: Source;
  onClose: () => void;
}

/** The document behind a citation, opened at the passage. */
export function PassagePanel({ source, onClose }: PassagePanelProps): ReactElement {
  const closeButton = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const opener = document.activeElement;
    closeButton.current?.focus({ preventScroll: true });
    return () => {
      if (opener instanceof HTMLElement) opener.focus({ preventScroll: true });
    };
  }, []);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape") onClose();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [onClose]);

  return (
    <aside className="panel" data-testid="passage-panel" aria-label={`Source: ${source.title}`}>
      <header className="panel-head">
        <PanelTitle source={source} />
        <button
          ref={closeButton}
          type="button"
          className="icon-button"
          aria-label="Close the source"
          onClick={onClose}
        >
          <CloseIcon />
        </button>
      </header>
      <PanelBody source={source} />
    </aside>
  );
}

function PanelTitle({ source }: { source: Source }): ReactElement {
  const url = safeUrl(source.url);
  return (
    <div className="panel-title">
      <p className="panel-path">{source.path.join(" › ")}</p>
      <h2>
        <span className="source-number">{source.marker}</span>
        {source.title}
      </h2>
      <p className="panel-meta">
        <span>Updated {dateOf(source.updated_at)}</span>
        {source.checked_at != null && (
          <span data-testid="source-checked" title={versionOf(source)}>
            Checked {ago(source.checked_at, new Date())}
          </span>
        )}
        {url !== null && (
          <a href={url} target="_blank" rel="noopener noreferrer">
            Open the original <ExternalIcon />
          </a>
        )}
      </p>
    </div>
  );
}

function PanelBody({ source }: { source: Source }): ReactElement {
  const { api } = useServices();
  const [document, setDocument] = useState<DocumentText | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    const leaving = new AbortController();
    api.document(source.document_id, leaving.signal).then(setDocument, (error: unknown) => {
      if (!leaving.signal.aborted) setProblem(problemOf(error));
    });
    return () => leaving.abort();
  }, [api, source.document_id]);

  const cut = document === null ? null : locate(document.text, source);
  return (
    <div className="panel-body" aria-busy={document === null && problem === null}>
      {problem !== null && <ProblemBanner problem={problem} />}
      {document !== null && cut === null && (
        <p className="note">The document has changed since: this passage is no longer in it.</p>
      )}
      {cut === null ? <Excerpt source={source} /> : <DocumentView cut={cut} />}
    </div>
  );
}

/** The passage as the answer had it, while its document is on its way or when it cannot be had. */
function Excerpt({ source }: { source: Source }): ReactElement {
  return (
    <div className="document">
      <mark className="passage">
        <Typeset text={source.text} />
      </mark>
    </div>
  );
}

/** What its source calls the version, if that is more than a fingerprint. */
function versionOf(source: Source): string | undefined {
  const { source_version: named, version } = source;
  return named === "" || named === version ? undefined : `Version ${named}`;
}

function dateOf(time: string): string {
  return new Date(time).toLocaleDateString(undefined, { year: "numeric", month: "long", day: "numeric" });
}
