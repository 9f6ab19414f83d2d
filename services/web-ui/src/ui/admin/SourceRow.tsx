import { useState, type ReactElement } from "react";
import { problemOf } from "../../api/problem";
import type { DocumentationSource, Job, Problem } from "../../api/types";
import { SyncIcon, TrashIcon } from "../icons";
import { ProblemBanner } from "../ProblemBanner";
import { useServices } from "../services";
import { ConfirmDialog } from "../sidebar/ConfirmDialog";
import { sourceTypeName } from "../sourceTypes";
import { JobActions } from "./JobActions";
import { JobLine } from "./JobLine";
import { hasEnded } from "./jobs";
import { useJob } from "./useJob";

interface SourceRowProps {
  source: DocumentationSource;
  onRemoved: () => void;
}

export function SourceRow({ source, onRemoved }: SourceRowProps): ReactElement {
  const { job, problem, start, attempt } = useLatestJob(source);
  const { api } = useServices();
  const [leaving, setLeaving] = useState(false);
  const running = job !== null && !hasEnded(job);
  const sync = (allowDeletions = false): Promise<void> =>
    start(() => api.syncSource(source.id, allowDeletions));
  const remove = (): Promise<void> => {
    setLeaving(false);
    return attempt(() => api.deleteSource(source.id).then(onRemoved));
  };
  return (
    <li className="row" data-testid="source-row">
      <div className="row-head">
        <SourceFacts source={source} />
        <div className="row-actions">
          {source.type !== "upload" && (
            <button
              type="button"
              className="button small"
              data-testid="sync-now"
              disabled={running}
              onClick={() => void sync()}
            >
              <SyncIcon />
              Sync now
            </button>
          )}
          <button
            type="button"
            className="icon-button small"
            data-testid="source-delete"
            aria-label={`Remove ${source.name}`}
            title="Remove"
            onClick={() => setLeaving(true)}
          >
            <TrashIcon />
          </button>
        </div>
      </div>
      {job !== null && <JobLine job={job} />}
      {job !== null && (
        <JobActions job={job} source={source} onStart={start} onSync={sync} attempt={attempt} />
      )}
      {source.last_job_id === null && job === null && <p className="job-line muted">Nothing read yet</p>}
      {problem !== null && <ProblemBanner problem={problem} />}
      {leaving && (
        <ConfirmDialog
          title={`Remove ${source.name}?`}
          text="Its documents can no longer be found, read or cited at once. The source itself is not touched."
          action="Remove"
          onConfirm={() => void remove()}
          onCancel={() => setLeaving(false)}
        />
      )}
    </li>
  );
}

function SourceFacts({ source }: { source: DocumentationSource }): ReactElement {
  const audience = source.groups.length === 0 ? "everyone" : source.groups.join(", ");
  const facts = [
    sourceTypeName(source.type),
    audience,
    source.schedule ?? "",
    checkedText(source.checked_at),
  ];
  return (
    <div>
      <p className="row-title">{source.name}</p>
      <p className="muted">{facts.filter((fact) => fact !== "").join(" · ")}</p>
    </div>
  );
}

/** When it was last made equal to its source, in the reader's own time. */
function checkedText(checkedAt: string | null | undefined): string {
  if (checkedAt == null) return "";
  return `checked ${new Date(checkedAt).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}`;
}

interface LatestJob {
  job: Job | null;
  problem: Problem | null;
  /** Does something that begins a job, and follows that one from now on. */
  start: (begin: () => Promise<{ job_id: string }>) => Promise<void>;
  /** Does something, and shows what went wrong. */
  attempt: (work: () => Promise<unknown>) => Promise<void>;
}

/** The source's latest job, followed while it runs, and a way to start the next one. */
function useLatestJob(source: DocumentationSource): LatestJob {
  const [jobId, setJobId] = useState(source.last_job_id);
  const [refused, setRefused] = useState<Problem | null>(null);
  const { job, problem } = useJob(jobId);

  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    setRefused(null);
    try {
      await work();
    } catch (error) {
      setRefused(problemOf(error));
    }
  };
  const start = (begin: () => Promise<{ job_id: string }>): Promise<void> =>
    attempt(async () => setJobId((await begin()).job_id));
  return { job, problem: refused ?? problem, start, attempt };
}
