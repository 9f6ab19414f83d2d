import { useEffect, useState, type ReactElement } from "react";
import { problemOf } from "../../api/problem";
import type { DocumentationSource, Job, Problem } from "../../api/types";
import { ProblemBanner } from "../ProblemBanner";
import { useServices } from "../services";
import { latestJobs } from "./jobs";
import { SourceRow } from "./SourceRow";
import { Uploads } from "./Uploads";

interface Loaded {
  sources: DocumentationSource[];
  jobs: Map<string, Job>;
}

/** For editors: where the documentation comes from, and how up to date it is. */
export default function DocumentationPage(): ReactElement {
  const { api } = useServices();
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    Promise.all([api.sources(), api.jobs()]).then(
      ([sources, jobs]) => setLoaded({ sources, jobs: latestJobs(jobs) }),
      (error: unknown) => setProblem(problemOf(error)),
    );
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
            {loaded?.sources.map((source) => (
              <SourceRow key={source.id} source={source} lastJob={loaded.jobs.get(source.id)} />
            ))}
          </ul>
          {loaded?.sources.length === 0 && <p className="muted">No source is connected yet.</p>}
        </section>
      </div>
    </div>
  );
}
