/** Waiting: never longer than somebody wants, never in step with others. */
import { RapportError } from "./error.js";

/** How long to wait before the next try: anything up to a bound that doubles, so that many clients do not come back at once. */
export function backoff(tries: number, base = 500, most = 30_000): number {
  return Math.random() * Math.min(most, base * 2 ** Math.min(tries, 20));
}

/** Ends after this time; rejects with the signal's reason where that comes first. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done, failed) => {
    const stop = () => {
      clearTimeout(timer);
      failed(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      done();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

/** The promise's own end, or the signal's. */
export function unless<T>(signal: AbortSignal | undefined, promise: Promise<T>): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** What a client has under way, to be ended with it. */
export class Life {
  #isOver = false;
  readonly #ends = new Set<() => void>();

  /** Calls it when the life ends, at once where it has; gives what makes that unnecessary. */
  add(end: () => void): () => void {
    if (this.#isOver) end();
    this.#ends.add(end);
    return () => void this.#ends.delete(end);
  }

  end(): void {
    this.#isOver = true;
    for (const end of [...this.#ends]) end();
  }
}

/** One thing under way: a signal that ends with the client's life, with the caller's own signal, and with the time where there is one. */
export class Deadline {
  readonly #control = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #until: number;
  readonly #survive: () => void;

  constructor(
    life: Life,
    private readonly outer?: AbortSignal | undefined,
    ms = Number.POSITIVE_INFINITY,
  ) {
    this.#until = Date.now() + ms;
    if (ms < Number.POSITIVE_INFINITY) {
      const late = new RapportError({ reason: "TIMEOUT", message: `nothing came back within ${ms} ms`, retryable: true });
      this.#timer = setTimeout(() => this.#control.abort(late), ms);
    }
    this.#survive = life.add(this.cancel);
    outer?.addEventListener("abort", this.cancel);
    if (outer?.aborted) this.cancel();
  }

  get signal(): AbortSignal {
    return this.#control.signal;
  }

  /** What is left, in milliseconds. */
  get left(): number {
    return this.#until - Date.now();
  }

  /** To be called when the thing is done. */
  end(): void {
    clearTimeout(this.#timer);
    this.#survive();
    this.outer?.removeEventListener("abort", this.cancel);
  }

  /** Ends it before its time. */
  readonly cancel = (): void => {
    this.#control.abort(new RapportError({ reason: "CANCELLED", message: "the caller ended it" }));
  };
}
