import { useRef, useState, type ReactElement } from "react";
import { problemOf } from "../../api/problem";
import type { Problem } from "../../api/types";
import { UploadIcon } from "../icons";
import { ProblemBanner } from "../ProblemBanner";
import { useServices } from "../services";
import { JobLine } from "./JobLine";
import { useJob } from "./useJob";

interface Upload {
  key: number;
  name: string;
  jobId: string | null;
  problem: Problem | null;
}

/** Takes files by drag, by click or by keyboard, and follows each until it can be found. */
export function Uploads(): ReactElement {
  const { api } = useServices();
  const [uploads, setUploads] = useState<Upload[]>([]);
  const [over, setOver] = useState(false);
  const nextKey = useRef(0);

  const send = async (file: File): Promise<void> => {
    const key = nextKey.current++;
    const change = (fields: Partial<Upload>): void =>
      setUploads((all) => all.map((upload) => (upload.key === key ? { ...upload, ...fields } : upload)));
    setUploads((all) => [{ key, name: file.name, jobId: null, problem: null }, ...all]);
    try {
      change({ jobId: (await api.upload(file)).job_id });
    } catch (error) {
      change({ problem: problemOf(error) });
    }
  };
  const sendAll = async (files: Iterable<File>): Promise<void> => {
    for (const file of files) await send(file);
  };

  return (
    <section aria-labelledby="uploads-title">
      <h2 id="uploads-title">Add documents</h2>
      <label className="dropzone" data-over={over}>
        <UploadIcon />
        <span>
          <strong>Choose files</strong> or drop them here
        </span>
        <span className="muted">
          Markdown, HTML, PDF, Word, PowerPoint, Excel, CSV, e-mail or text, up to 50 MB each
        </span>
        <input
          type="file"
          multiple
          data-testid="upload-input"
          onDragEnter={() => setOver(true)}
          onDragLeave={() => setOver(false)}
          onChange={(event) => {
            setOver(false);
            void sendAll([...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
      </label>
      <ul className="rows">
        {uploads.map((upload) => (
          <li key={upload.key} className="row">
            <p className="row-title">{upload.name}</p>
            <UploadState upload={upload} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function UploadState({ upload }: { upload: Upload }): ReactElement {
  const { job, problem } = useJob(upload.jobId);
  const shown = upload.problem ?? problem;
  if (shown !== null) return <ProblemBanner problem={shown} />;
  if (job !== null) return <JobLine job={job} />;
  return (
    <p className="job-line" role="status">
      <span className="state-dot" data-tone="busy" aria-hidden="true" />
      Uploading…
    </p>
  );
}
