import { useState, type ReactElement } from "react";
import type { Job } from "../../api/types";
import { JobProblems } from "./JobProblems";
import { hasEnded, jobDetail, jobSummary, progressOf } from "./jobs";

const TONES: Record<Job["state"], string> = {
  queued: "busy",
  running: "busy",
  succeeded: "ok",
  partial: "degraded",
  failed: "down",
  cancelled: "idle",
};

/** A job in one line: its state, while it runs a bar and what it works on, and its problems on demand. */
export function JobLine({ job }: { job: Job }): ReactElement {
  const [open, setOpen] = useState(false);
  const progress = progressOf(job);
  const detail = jobDetail(job);
  return (
    <div className="job" data-testid="job" data-state={job.state}>
      <p className="job-line" role="status">
        <span className="state-dot" data-tone={TONES[job.state]} aria-hidden="true" />
        {jobSummary(job)}
        {job.problems_total > 0 && (
          <button type="button" className="link" aria-expanded={open} onClick={() => setOpen(!open)}>
            {job.problems_total === 1 ? "1 problem" : `${job.problems_total.toLocaleString()} problems`}
          </button>
        )}
      </p>
      {!hasEnded(job) && (
        <progress
          className="bar"
          aria-label="Progress"
          max={1}
          {...(progress === null ? {} : { value: progress })}
        />
      )}
      {detail !== "" && (
        <p className="job-detail muted" data-testid="job-detail">
          {detail}
        </p>
      )}
      {open && <JobProblems job={job} />}
    </div>
  );
}
