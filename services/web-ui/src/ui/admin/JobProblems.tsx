import { useState, type ReactElement } from "react";
import { problemOf } from "../../api/problem";
import type { Job, JobProblem, Problem } from "../../api/types";
import { ProblemBanner } from "../ProblemBanner";
import { useServices } from "../services";

/** What did not become searchable, and why: the first ones, and all on demand. */
export function JobProblems({ job }: { job: Job }): ReactElement {
  const { api } = useServices();
  const [all, setAll] = useState<JobProblem[] | null>(null);
  const [refused, setRefused] = useState<Problem | null>(null);
  const shown = all ?? job.problems;
  const showAll = async (): Promise<void> => {
    try {
      setAll(await api.jobProblems(job.id));
    } catch (error) {
      setRefused(problemOf(error));
    }
  };
  return (
    <>
      <ul className="job-problems">
        {shown.map((problem) => (
          <li key={`${problem.document}:${problem.detail}`}>
            <strong>{problem.document}</strong> {problem.detail}
          </li>
        ))}
      </ul>
      {all === null && job.problems_total > shown.length && (
        <p className="job-actions">
          <button type="button" className="link" data-testid="all-problems" onClick={() => void showAll()}>
            Show all {job.problems_total.toLocaleString()}
          </button>
        </p>
      )}
      {refused !== null && <ProblemBanner problem={refused} />}
    </>
  );
}
