import type { Api } from "../api/endpoints";
import { problemOf } from "../api/problem";
import type { Me, Problem } from "../api/types";
import { Observable } from "../chat/observable";

export interface SessionState {
  phase: "checking" | "unreachable" | "signed-out" | "signed-in";
  me: Me | null;
  problem: Problem | null;
}

/** Who uses the page. */
export class Session extends Observable<SessionState> {
  readonly #api: Api;

  constructor(api: Api) {
    super({ phase: "checking", me: null, problem: null });
    this.#api = api;
    api.http.onSignedOut = () => this.expire();
  }

  async check(): Promise<void> {
    if (!this.#api.http.mayBeSignedIn) {
      this.set({ phase: "signed-out", me: null });
      return;
    }
    this.set({ phase: "checking", problem: null });
    try {
      this.set({ phase: "signed-in", me: await this.#api.me() });
    } catch (error) {
      const problem = problemOf(error);
      if (problem.status === 401) this.set({ phase: "signed-out", me: null });
      else this.set({ phase: "unreachable", problem });
    }
  }

  async signIn(email: string, password: string): Promise<void> {
    this.set({ problem: null });
    try {
      this.set({ phase: "signed-in", me: await this.#api.signIn(email, password) });
    } catch (error) {
      this.set({ phase: "signed-out", problem: problemOf(error) });
    }
  }

  async signOut(): Promise<void> {
    await this.#api.signOut().catch(() => undefined);
    this.set({ phase: "signed-out", me: null, problem: null });
  }

  /** The session ended elsewhere: back to the form. */
  expire(): void {
    if (this.state.phase === "signed-in") this.set({ phase: "signed-out", me: null, problem: null });
  }
}

export function mayManage(me: Me): boolean {
  return me.roles.includes("admin") || me.roles.includes("editor");
}
