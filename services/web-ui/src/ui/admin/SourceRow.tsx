import { useState, type ReactElement } from "react";
import { problemOf } from "../../api/problem";
import type { DocumentationSource, Job, Problem } from "../../api/types";
import { SyncIcon } from "../icons";
import { ProblemBanner } from "../ProblemBanner";
import { useServices } from "../services";
import { sourceTypeName } from "../sourceTypes";
import { JobLine } from "./JobLine";
import { hasEnded } from "./jobs";
import { useJob } from "./useJob";

export function SourceRow({ source }: { source: DocumentationSource }): ReactElement {
  const { job, problem, sync } = useSync(source);
  return (
    <li className="row" data-testid="source-row">
      <div className="row-head">
        <SourceFacts source={source} />
        {source.type !== "upload" && (
          <button
            type="button"
            className="button small"
            data-testid="sync-now"
            disabled={job !== null && !hasEnded(job)}
            onClick={() => void sync()}
          >
            <SyncIcon />
            Sync now
          </button>
        )}
      </div>
      {job !== null && <JobLine job={job} />}
      {source.last_job_id === null && job === null && <p className="job-line muted">Nothing read yet</p>}
      {problem !== null && <ProblemBanner problem={problem} />}
    </li>
  );
}

function SourceFacts({ source }: { source: DocumentationSource }): ReactElement {
  const audience = source.groups.length === 0 ? "everyone" : source.groups.join(", ");
  const facts = [sourceTypeName(source.type), audience, source.schedule ?? ""];
  return (
    <div>
      <p className="row-title">{source.name}</p>
      <p className="muted">{facts.filter((fact) => fact !== "").join(" · ")}</p>
    </div>
  );
}

interface Sync {
  job: Job | null;
  problem: Problem | null;
  sync: () => Promise<void>;
}

/** The source's latest job, followed while it runs, and a way to start the next one. */
function useSync(source: DocumentationSource): Sync {
  const { api } = useServices();
  const [jobId, setJobId] = useState(source.last_job_id);
  const [refused, setRefused] = useState<Problem | null>(null);
  const { job, problem } = useJob(jobId);

  const sync = async (): Promise<void> => {
    setRefused(null);
    try {
      setJobId((await api.syncSource(source.id)).job_id);
    } catch (error) {
      setRefused(problemOf(error));
    }
  };
  return { job, problem: refused ?? problem, sync };
}
