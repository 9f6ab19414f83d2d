import { useCallback, useEffect, useState, type ReactElement } from "react";
import { problemOf } from "../../api/problem";
import type { DocumentationSource, Problem } from "../../api/types";
import { ProblemBanner } from "../ProblemBanner";
import { useServices } from "../services";
import { ConnectForm } from "./ConnectForm";
import { SourceRow } from "./SourceRow";
import { Uploads } from "./Uploads";

/** For editors: where the documentation comes from, and how up to date it is. */
export default function DocumentationPage(): ReactElement {
  const { api } = useServices();
  const [sources, setSources] = useState<DocumentationSource[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const load = useCallback(
    () => api.sources().then(setSources, (error: unknown) => setProblem(problemOf(error))),
    [api],
  );
  useEffect(() => {
    void load();
  }, [load]);

  return (
    <div className="page">
      <div className="page-column">
        <h1>Documentation</h1>
        <p className="muted">What AskFlash reads, and how up to date it is.</p>
        {problem !== null && <ProblemBanner problem={problem} />}
        <Uploads />
        <section aria-labelledby="sources-title">
          <h2 id="sources-title">Sources</h2>
          <ul className="rows">
            {sources?.map((source) => (
              <SourceRow key={source.id} source={source} onRemoved={() => void load()} />
            ))}
          </ul>
          {sources?.length === 0 && <p className="muted">No source is connected yet.</p>}
        </section>
        <section aria-labelledby="connect-title">
          <h2 id="connect-title">Connect a source</h2>
          <ConnectForm onConnected={() => void load()} />
        </section>
      </div>
    </div>
  );
}
