/** Listeners of one kind of thing. One that throws is reported and disturbs nobody. */

/** Ends listening. */
export type Unsubscribe = () => void;

export class Listeners<Value extends unknown[]> {
  readonly #all = new Set<(...value: Value) => unknown>();

  get size(): number {
    return this.#all.size;
  }

  add(listener: (...value: Value) => unknown): Unsubscribe {
    // Its own, so that the same function given twice is called twice and each ends by itself.
    const own = (...value: Value) => listener(...value);
    this.#all.add(own);
    return () => void this.#all.delete(own);
  }

  /** Calls all, one after the other; ends when those that take time are done. */
  async tell(...value: Value): Promise<void> {
    for (const listener of [...this.#all]) {
      try {
        const done = listener(...value);
        if (done instanceof Promise) await done;
      } catch (thrown) {
        report(thrown);
      }
    }
  }
}

/** Where an error of somebody else's code goes: to the console and `window.onerror`, as an uncaught one does. */
export function report(thrown: unknown): void {
  if (typeof globalThis.reportError === "function") globalThis.reportError(thrown);
  else console.error(thrown);
}
