import { ApiError, localProblem, problemFrom } from "./problem";

const CSRF_COOKIE = "askflash_csrf";
const REFRESH_PATH = "/api/v1/auth/session/refresh";
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

export interface RequestOptions {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  json?: unknown;
  form?: FormData;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** False for the sign-in itself: there a 401 means a wrong password, not an expired session. */
  renew?: boolean;
}

/** What the client needs from the browser; tests give their own. */
export interface HttpEnvironment {
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  cookies: () => string;
  /** Runs `work` while no other tab runs its own: refresh tokens rotate, and using one twice ends the session. */
  exclusively: (work: () => Promise<boolean>) => Promise<boolean>;
}

export function cookieValue(cookies: string, name: string): string | null {
  for (const pair of cookies.split("; ")) {
    const [key, ...rest] = pair.split("=");
    if (key === name) return decodeURIComponent(rest.join("="));
  }
  return null;
}

/**
 * Calls the API with the session cookie and the CSRF token.
 *
 * A 401 renews the session once and repeats the call; if that fails too, `onSignedOut` is told and the call throws.
 * Every failure is an `ApiError` with a problem document.
 */
export class HttpClient {
  onSignedOut: () => void = () => undefined;
  readonly #environment: HttpEnvironment;
  #renewal: Promise<boolean> | null = null;

  constructor(environment: HttpEnvironment) {
    this.#environment = environment;
  }

  /** The CSRF cookie lives as long as the session: without it nobody is signed in. */
  get mayBeSignedIn(): boolean {
    return cookieValue(this.#environment.cookies(), CSRF_COOKIE) !== null;
  }

  async json<T>(path: string, options: RequestOptions = {}): Promise<T> {
    const response = await this.response(path, options);
    return (await response.json()) as T; // The contract gives the type; tests hold the server to it.
  }

  async empty(path: string, options: RequestOptions = {}): Promise<void> {
    await this.response(path, options);
  }

  async response(path: string, options: RequestOptions = {}): Promise<Response> {
    let response = await this.#send(path, options);
    if (response.status === 401 && options.renew !== false) {
      if (this.mayBeSignedIn && (await this.renewSession())) response = await this.#send(path, options);
      if (response.status === 401) this.onSignedOut();
    }
    if (!response.ok) throw new ApiError(await problemFrom(response));
    return response;
  }

  /** Asks for new session cookies; concurrent callers share one request. False: the user must sign in. */
  renewSession(): Promise<boolean> {
    this.#renewal ??= this.#environment
      .exclusively(async () => (await this.#send(REFRESH_PATH, { method: "POST" })).ok)
      .finally(() => {
        this.#renewal = null;
      });
    return this.#renewal;
  }

  async #send(path: string, options: RequestOptions): Promise<Response> {
    const body = options.form ?? (options.json === undefined ? null : JSON.stringify(options.json));
    try {
      return await this.#environment.fetch(path, {
        method: options.method ?? "GET",
        headers: this.#headers(options),
        body,
        credentials: "same-origin",
        signal: options.signal ?? null,
      });
    } catch (error) {
      if (options.signal?.aborted === true) throw error;
      throw new ApiError(localProblem("AskFlash cannot be reached", "Check your connection and try again."));
    }
  }

  #headers(options: RequestOptions): Record<string, string> {
    const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
    const csrf = cookieValue(this.#environment.cookies(), CSRF_COOKIE);
    if (csrf !== null && !SAFE_METHODS.has(options.method ?? "GET")) headers["X-CSRF-Token"] = csrf;
    if (options.json !== undefined) headers["Content-Type"] = "application/json";
    return headers;
  }
}

/** The browser itself. Without the Web Locks API (plain http on another host) tabs are not coordinated. */
export function browserEnvironment(): HttpEnvironment {
  return {
    fetch: (url, init) => fetch(url, init),
    cookies: () => document.cookie,
    exclusively: async (work) =>
      "locks" in navigator ? await navigator.locks.request("askflash-session", work) : await work(),
  };
}
