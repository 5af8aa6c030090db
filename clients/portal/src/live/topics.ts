/** Who wants to know of what. Those who listen are told once a frame, however much has happened in it. */

export type Stop = () => void;

export class Topics {
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #changed = new Set<string>();

  /** `later` calls back soon, once. */
  constructor(private readonly later: (flush: () => void) => void = nextFrame) {}

  listen(topic: string, listener: () => void): Stop {
    const all = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, all.add(listener));
    return () => {
      all.delete(listener);
      if (all.size === 0 && this.#listeners.get(topic) === all) this.#listeners.delete(topic);
    };
  }

  changed(topic: string): void {
    if (!this.#listeners.has(topic)) return;
    if (this.#changed.size === 0) this.later(() => this.#flush());
    this.#changed.add(topic);
  }

  #flush(): void {
    const topics = [...this.#changed];
    this.#changed.clear();
    for (const topic of topics) for (const listener of [...(this.#listeners.get(topic) ?? [])]) listener();
  }
}

/** A page that nobody sees draws no frames. */
function nextFrame(flush: () => void): void {
  if (typeof document === "undefined" || document.visibilityState !== "visible") setTimeout(flush, 50);
  else requestAnimationFrame(flush);
}
