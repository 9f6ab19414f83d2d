/** Immutable state that can be watched: the shape that React's `useSyncExternalStore` reads. */
export abstract class Observable<State> {
  #state: State;
  readonly #listeners = new Set<() => void>();

  protected constructor(initial: State) {
    this.#state = initial;
  }

  get state(): State {
    return this.#state;
  }

  readonly snapshot = (): State => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  protected set(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change };
    this.announce();
  }

  /** Tells the listeners; a subclass may gather several changes into one announcement. */
  protected announce(): void {
    for (const listener of this.#listeners) listener();
  }
}
