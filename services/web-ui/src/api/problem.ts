import type { Problem } from "./types";

/** What every failed call throws: the server's own problem document, or one made here when there was none. */
export class ApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.title);
    this.name = "ApiError";
    this.problem = problem;
  }
}

/** A problem that this page itself found; `status` 0 means that no server answered. */
export function localProblem(title: string, detail?: string): Problem {
  return { type: "about:blank", title, status: 0, ...(detail === undefined ? {} : { detail }) };
}

export function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "title" in value && typeof value.title === "string";
}

/** Whatever was thrown, as something that can be shown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ApiError) return error.problem;
  return localProblem(
    "Something went wrong on this page",
    error instanceof Error ? error.message : undefined,
  );
}

/** Reads the problem document out of a failed response, or makes one from its status line. */
export async function problemFrom(response: Response): Promise<Problem> {
  const requestId = response.headers.get("x-request-id");
  try {
    const body: unknown = await response.json();
    if (isProblem(body)) return { ...body, request_id: body.request_id ?? requestId };
  } catch {
    // A proxy's HTML page or an empty body: the status line says what there is to say.
  }
  return {
    type: "about:blank",
    title: response.statusText || `The server answered ${response.status}`,
    status: response.status,
    request_id: requestId,
  };
}
