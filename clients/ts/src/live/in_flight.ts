/** The calls of one socket: no more at a time than the server takes, the others wait their turn. */
import { RapportError } from "../error.js";
import type { Item, Result } from "../generated/live.js";
import type { Fields, Transport } from "../rest.js";
import type { Method } from "../service.js";

/** Fewer than the server takes (16): one that is answered is not quite gone there for a moment. */
const AT_ONCE = 12;
/** What the server says of a call too many; it has not begun it. */
const TOO_MANY = "CALLS_IN_FLIGHT";

interface Hearer {
  item(body: Fields): void;
  done(body: Fields): void;
  failed(error: unknown): void;
}

interface Call extends Hearer {
  readonly id: number;
  readonly frame: object;
}

export class InFlight implements Transport {
  #last = 0;
  #failed: RapportError | undefined;
  readonly #running = new Map<number, Call>();
  #waiting: Call[] = [];
  #idle: (() => void)[] = [];

  constructor(private readonly send: (frame: object) => void) {}

  unary(method: Method, request: Fields, _token: string | undefined, signal: AbortSignal): Promise<unknown> {
    return new Promise((done, failed) => {
      const end = this.#begin(method, request, { item: () => undefined, done, failed }, signal);
      if (signal.aborted) end();
    });
  }

  async *stream(method: Method, request: Fields, _token: string | undefined, signal: AbortSignal): AsyncGenerator<unknown> {
    const items: Fields[] = [];
    let end: { error?: unknown } | undefined;
    let wake: () => void = () => undefined;
    const over = (how: { error?: unknown }) => {
      end = how;
      wake();
    };
    const item = (body: Fields) => {
      items.push(body);
      wake();
    };
    const cancel = this.#begin(method, request, { item, done: () => over({}), failed: (error) => over({ error }) }, signal);
    try {
      for (;;) {
        while (items.length > 0) yield items.shift();
        if (end?.error) throw end.error;
        if (end) return;
        await new Promise<void>((go) => {
          wake = go;
          if (items.length > 0 || end) go();
        });
      }
    } finally {
      cancel();
    }
  }

  result({ id, body, problem }: Result): void {
    const call = this.#running.get(id);
    if (!call) return;
    if (problem?.reason === TOO_MANY && this.#running.size > 1) {
      // Its turn comes with the next answer.
      this.#running.delete(id);
      this.#waiting.unshift(call);
      return;
    }
    this.#forget(call);
    if (problem) call.failed(RapportError.of(problem));
    else call.done((body ?? {}) as Fields);
  }

  item({ id, body }: Item): void {
    this.#running.get(id)?.item((body ?? {}) as Fields);
  }

  /** Ends when nothing is under way. */
  idle(): Promise<void> {
    return new Promise((done) => {
      if (this.#running.size + this.#waiting.length === 0) done();
      else this.#idle.push(done);
    });
  }

  /** The socket is gone, and with it every answer. */
  fail(error: RapportError): void {
    this.#failed = error;
    const all = [...this.#running.values(), ...this.#waiting];
    this.#running.clear();
    this.#waiting = [];
    for (const call of all) call.failed(error);
    this.#settle();
  }

  /** Begins a call; gives what ends it before its answer. */
  #begin(method: Method, request: Fields, hearer: Hearer, signal: AbortSignal): () => void {
    this.#last += 1;
    const id = this.#last;
    const cancel = () => {
      const isRunning = this.#running.has(id);
      if (!isRunning && !this.#waiting.includes(call)) return;
      if (isRunning) this.send({ cancel: { id } });
      this.#forget(call);
      call.failed(signal.reason);
    };
    signal.addEventListener("abort", cancel);
    const over = () => signal.removeEventListener("abort", cancel);
    const call: Call = {
      id,
      frame: { call: { id, method: method.rpc, body: request } },
      item: hearer.item,
      done: (body) => {
        over();
        hearer.done(body);
      },
      failed: (error) => {
        over();
        hearer.failed(error);
      },
    };
    if (this.#failed) call.failed(this.#failed);
    else {
      this.#waiting.push(call);
      this.#next();
    }
    return cancel;
  }

  #next(): void {
    while (this.#running.size < AT_ONCE) {
      const call = this.#waiting.shift();
      if (!call) return;
      this.#running.set(call.id, call);
      this.send(call.frame);
    }
  }

  #forget(call: Call): void {
    this.#running.delete(call.id);
    this.#waiting = this.#waiting.filter((each) => each !== call);
    this.#next();
    if (this.#running.size + this.#waiting.length === 0) this.#settle();
  }

  #settle(): void {
    for (const done of this.#idle.splice(0)) done();
  }
}
