import { useState, type ReactElement } from "react";
import type { Job } from "../../api/types";
import { hasEnded, jobSummary, progressOf } from "./jobs";

const TONES: Record<Job["state"], string> = {
  queued: "busy",
  running: "busy",
  succeeded: "ok",
  partial: "degraded",
  failed: "down",
  cancelled: "idle",
};

/** A job in one line: its state, a bar while it runs, and its problems on demand. */
export function JobLine({ job }: { job: Job }): ReactElement {
  const [open, setOpen] = useState(false);
  const progress = progressOf(job);
  return (
    <div className="job" data-testid="job" data-state={job.state}>
      <p className="job-line" role="status">
        <span className="state-dot" data-tone={TONES[job.state]} aria-hidden="true" />
        {jobSummary(job)}
        {job.problems.length > 0 && (
          <button type="button" className="link" aria-expanded={open} onClick={() => setOpen(!open)}>
            {job.problems.length === 1 ? "1 problem" : `${job.problems.length} problems`}
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
      {open && (
        <ul className="job-problems">
          {job.problems.map((problem) => (
            <li key={`${problem.document}:${problem.detail}`}>
              <strong>{problem.document}</strong> {problem.detail}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
