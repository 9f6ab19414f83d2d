import type { Job } from "../../api/types";

export interface JobApi {
  job: (id: string) => Promise<Job>;
  jobProgress: (id: string, signal: AbortSignal) => AsyncGenerator<Partial<Job>>;
}

const POLL_MS = 1000;

export function hasEnded(job: Job): boolean {
  return job.finished_at !== null || !(job.state === "queued" || job.state === "running");
}

/**
 * Reports a job until it has ended: from its event stream, and by asking again where the stream breaks off.
 * Resolves when the job has ended or `signal` is aborted; throws when the job cannot be read.
 */
export async function followJob(
  api: JobApi,
  id: string,
  onJob: (job: Job) => void,
  signal: AbortSignal,
): Promise<void> {
  let job = await api.job(id);
  onJob(job);
  while (!hasEnded(job) && !isAborted(signal)) {
    try {
      for await (const change of api.jobProgress(id, signal)) {
        job = { ...job, ...change };
        onJob(job);
        if (hasEnded(job)) break;
      }
    } catch {
      if (isAborted(signal)) return;
    }
    if (hasEnded(job)) break;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    job = await api.job(id);
    onJob(job);
  }
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** How much of what was found is settled, 0 to 1; null before anything was found. */
export function progressOf({ counts }: Job): number | null {
  if (counts.found === 0) return null;
  return Math.min(1, (counts.indexed + counts.unchanged + counts.skipped + counts.failed) / counts.found);
}

const STATES: Record<Job["state"], string> = {
  queued: "Waiting",
  running: "Indexing",
  succeeded: "Up to date",
  partial: "Done with problems",
  failed: "Failed",
  cancelled: "Cancelled",
};

export function jobSummary(job: Job): string {
  const { indexed, unchanged, deleted, skipped, failed } = job.counts;
  const parts: [number, string][] = [
    [indexed, "indexed"],
    [unchanged, "unchanged"],
    [deleted, "deleted"],
    [skipped, "skipped"],
    [failed, "failed"],
  ];
  const counted = parts
    .filter(([count]) => count > 0)
    .map(([count, name]) => `${count.toLocaleString()} ${name}`);
  const state = job.state === "running" && job.phase !== "" ? job.phase : STATES[job.state];
  return [state.slice(0, 1).toUpperCase() + state.slice(1), ...counted].join(" · ");
}

/** What it is doing just now and for how long yet, or what it waits for; empty where there is nothing to say. */
export function jobDetail(job: Job): string {
  if (hasEnded(job)) return "";
  if (job.state === "queued") return job.problems.find(({ document }) => document === "")?.detail ?? "";
  if (job.phase === "listing")
    return job.counts.found === 0 ? "" : `${job.counts.found.toLocaleString()} found`;
  const parts = [job.current, pace(job.rate), timeLeft(job.seconds_left)];
  return parts.filter((part) => part != null && part !== "").join(" · ");
}

function pace(rate: number | null | undefined): string {
  if (rate == null || rate <= 0) return "";
  if (rate < 0.95) return `${Math.max(1, Math.round(rate * 60))} a minute`;
  return `${rate.toLocaleString(undefined, { maximumFractionDigits: rate < 10 ? 1 : 0 })} a second`;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;

function timeLeft(seconds: number | null | undefined): string {
  if (seconds == null) return "";
  if (seconds < MINUTE) return "less than a minute left";
  if (seconds < 1.5 * HOUR) return `${Math.round(seconds / MINUTE)} min left`;
  return `${Math.round(seconds / HOUR)} h left`;
}
