import { useEffect, useState, type ReactElement } from "react";
import { problemOf } from "../../api/problem";
import type { DocumentationSource, Problem } from "../../api/types";
import { ProblemBanner } from "../ProblemBanner";
import { useServices } from "../services";
import { SourceRow } from "./SourceRow";
import { Uploads } from "./Uploads";

/** For editors: where the documentation comes from, and how up to date it is. */
export default function DocumentationPage(): ReactElement {
  const { api } = useServices();
  const [sources, setSources] = useState<DocumentationSource[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    api.sources().then(setSources, (error: unknown) => setProblem(problemOf(error)));
  }, [api]);

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
              <SourceRow key={source.id} source={source} />
            ))}
          </ul>
          {sources?.length === 0 && <p className="muted">No source is connected yet.</p>}
        </section>
      </div>
    </div>
  );
}
