import type { DocumentationSource, Mode } from "../api/types";
import { Observable } from "./observable";

/** Where the next question looks: in the documentation or nowhere (`general`), in all sources or in some. */
export interface ScopeState {
  mode: Mode;
  /** Empty: everywhere. */
  sourceIds: string[];
  /** What there is to choose from; empty until it is known. */
  sources: Pick<DocumentationSource, "id" | "name">[];
}

/** What a question says of its scope. */
export interface AskScope {
  mode: Mode;
  filters?: { source_ids: string[] };
}

interface ScopeApi {
  sources: () => Promise<DocumentationSource[]>;
}

/** The reader's choice, which holds for every question until it is changed. */
export class Scope extends Observable<ScopeState> {
  readonly #api: ScopeApi;

  constructor(api: ScopeApi) {
    super({ mode: "company", sourceIds: [], sources: [] });
    this.#api = api;
  }

  /** Asks which sources there are. Where that fails there is no choice, and questions go everywhere. */
  async load(): Promise<void> {
    const sources = await this.#api.sources().catch(() => this.state.sources);
    const there = new Set(sources.map(({ id }) => id));
    this.set({ sources, sourceIds: this.state.sourceIds.filter((id) => there.has(id)) });
  }

  choose(mode: Mode): void {
    this.set({ mode });
  }

  toggleSource(id: string): void {
    const { sourceIds } = this.state;
    const without = sourceIds.filter((other) => other !== id);
    this.set({ sourceIds: without.length < sourceIds.length ? without : [...sourceIds, id] });
  }

  everywhere(): void {
    this.set({ sourceIds: [] });
  }

  /** As the question carries it. */
  get forQuestion(): AskScope {
    const { mode, sourceIds } = this.state;
    if (mode === "general" || sourceIds.length === 0) return { mode };
    return { mode, filters: { source_ids: sourceIds } };
  }
}
