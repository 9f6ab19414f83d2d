/**
 * Which frames of each answer were seen, so that replays after a reconnect count once.
 *
 * Positions are opaque: they are compared for equality only, and the last one is where a `resume` goes on.
 */
export class Positions {
  readonly #seen = new Map<string, Set<string>>();
  readonly #last = new Map<string, string>();

  /** True the first time; a frame without a position always counts. */
  accept(answerId: string, position: string | undefined): boolean {
    if (position === undefined) return true;
    const seen = this.#seen.get(answerId) ?? new Set();
    if (seen.has(position)) return false;
    this.#seen.set(answerId, seen.add(position));
    this.#last.set(answerId, position);
    return true;
  }

  /** Where to resume; null means from the beginning. */
  last(answerId: string): string | null {
    return this.#last.get(answerId) ?? null;
  }

  forget(answerId: string): void {
    this.#seen.delete(answerId);
    this.#last.delete(answerId);
  }
}
