import { ApiError, localProblem } from "../../api/problem";
import type { DocumentationSource, Job, NewSource, SourceCheck } from "../../api/types";

export interface ConnectingApi {
  createSource: (source: NewSource) => Promise<DocumentationSource>;
  checkSource: (id: string) => Promise<SourceCheck>;
  deleteSource: (id: string) => Promise<void>;
  syncSource: (id: string) => Promise<{ job_id: Job["id"] }>;
}

/**
 * Stores a source, tries it and begins to read it. One that cannot be read is not kept, so that the form can be
 * corrected and sent again; throws what has to be corrected.
 */
export async function connect(api: ConnectingApi, wanted: NewSource): Promise<void> {
  const source = await api.createSource(wanted);
  const check = await api.checkSource(source.id);
  if (!check.ok) {
    await api.deleteSource(source.id);
    throw new ApiError(localProblem("The source can't be read", check.detail));
  }
  if (source.type !== "upload") await api.syncSource(source.id);
}
