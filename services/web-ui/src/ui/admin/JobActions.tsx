import type { ReactElement } from "react";
import type { DocumentationSource, Job } from "../../api/types";
import { useServices } from "../services";
import { hasEnded } from "./jobs";

interface JobActionsProps {
  job: Job;
  source: DocumentationSource;
  onStart: (begin: () => Promise<{ job_id: string }>) => Promise<void>;
  onSync: (allowDeletions: boolean) => Promise<void>;
  attempt: (work: () => Promise<unknown>) => Promise<void>;
}

/** What can be done about a job as it stands: stop it, try the rest again, or agree to what it holds back. */
export function JobActions({ job, source, onStart, onSync, attempt }: JobActionsProps): ReactElement | null {
  const { api } = useServices();
  const ended = hasEnded(job);
  const held = source.held_deletions ?? 0;
  if (!ended) {
    return (
      <p className="job-actions">
        <button
          type="button"
          className="link"
          data-testid="job-cancel"
          onClick={() => void attempt(() => api.cancelJob(job.id))}
        >
          Cancel
        </button>
      </p>
    );
  }
  const canRetry = job.counts.failed > 0 || job.state === "cancelled";
  if (!canRetry && held === 0) return null;
  return (
    <p className="job-actions">
      {canRetry && (
        <button
          type="button"
          className="link"
          data-testid="job-retry"
          onClick={() => void onStart(() => api.retryJob(job.id))}
        >
          Try again
        </button>
      )}
      {held > 0 && (
        <button
          type="button"
          className="link"
          data-testid="allow-deletions"
          onClick={() => void onSync(true)}
        >
          Delete {held.toLocaleString()} documents that are gone
        </button>
      )}
    </p>
  );
}
