import { useState, type ReactElement } from "react";
import { problemOf } from "../../api/problem";
import type { DocumentationSource, Job, Problem } from "../../api/types";
import { SyncIcon } from "../icons";
import { ProblemBanner } from "../ProblemBanner";
import { useServices } from "../services";
import { JobLine } from "./JobLine";
import { hasEnded } from "./jobs";
import { useJob } from "./useJob";

const TYPES: Record<string, string> = {
  azure_devops_wiki: "Azure DevOps wiki",
  confluence: "Confluence",
  notion: "Notion",
  git: "Git repository",
  folder: "Folder",
  upload: "Uploaded files",
};

interface SourceRowProps {
  source: DocumentationSource;
  lastJob: Job | undefined;
}

export function SourceRow({ source, lastJob }: SourceRowProps): ReactElement {
  const { api } = useServices();
  const [startedId, setStartedId] = useState<string | null>(null);
  const [refused, setRefused] = useState<Problem | null>(null);
  const followed = useJob(startedId ?? (lastJob !== undefined && !hasEnded(lastJob) ? lastJob.id : null));
  const job = followed.job ?? lastJob ?? null;
  const problem = refused ?? followed.problem;

  const sync = async (): Promise<void> => {
    setRefused(null);
    try {
      setStartedId((await api.syncSource(source.id)).job_id);
    } catch (error) {
      setRefused(problemOf(error));
    }
  };

  return (
    <li className="row" data-testid="source-row">
      <div className="row-head">
        <div>
          <p className="row-title">{source.name}</p>
          <p className="muted">
            {TYPES[source.type] ?? source.type} ·{" "}
            {source.groups.length === 0 ? "everyone" : source.groups.join(", ")}
            {source.schedule != null && source.schedule !== "" && ` · ${source.schedule}`}
          </p>
        </div>
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
      {job === null ? <p className="job-line muted">Never synchronised</p> : <JobLine job={job} />}
      {problem !== null && <ProblemBanner problem={problem} />}
    </li>
  );
}
