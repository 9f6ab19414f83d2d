import { useEffect, useState } from "react";
import { problemOf } from "../../api/problem";
import type { Job, Problem } from "../../api/types";
import { useServices } from "../services";
import { followJob } from "./jobs";

/** A job as it goes on; null until the first report. */
export function useJob(jobId: string | null): { job: Job | null; problem: Problem | null } {
  const { api } = useServices();
  const [reported, setReported] = useState<Job | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    if (jobId === null) return;
    const leaving = new AbortController();
    const report = (job: Job): void => {
      if (!leaving.signal.aborted) setReported(job);
    };
    followJob(api, jobId, report, leaving.signal).catch((error: unknown) => {
      if (!leaving.signal.aborted) setProblem(problemOf(error));
    });
    return () => leaving.abort();
  }, [api, jobId]);
  return { job: reported?.id === jobId ? reported : null, problem };
}
