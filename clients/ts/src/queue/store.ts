/** Where the queue is kept, so that it survives the page. */
import type { Violation } from "../generated/live.js";
import type { Fields } from "../rest.js";

/** Why something was refused for good, as it can be kept. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
  readonly violations: readonly Violation[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Something to be sent. */
export interface Draft {
  /** Made once; the same over every try, tab and reload. */
  readonly requestId: string;
  /** Who sends it: in a browser that somebody else uses it waits for its owner. */
  readonly owner: string;
  readonly area: string;
  readonly rpc: string;
  /** The request, its `requestId` in it. */
  readonly request: Fields;
  /** What is of one lane is sent in order. */
  readonly lane: string;
  /** In milliseconds since 1970. */
  readonly createdAt: number;
  /** Why it was refused for good; absent while it is to be sent. */
  readonly refusal?: Refusal | undefined;
}

/** A draft with its place in the queue. */
export interface Kept extends Draft {
  readonly place: number;
}

export interface QueueStore {
  /** Keeps it after all others; ends when it is safe. */
  add(draft: Draft): Promise<Kept>;
  /** All of an owner, in order. */
  all(owner: string): Promise<Kept[]>;
  /** Changes one that is there still. */
  update(kept: Kept): Promise<void>;
  remove(place: number): Promise<void>;
}

/** Keeps the queue as long as the page. */
export function memoryQueue(): QueueStore {
  const entries = new Map<number, Kept>();
  let last = 0;
  return {
    add(draft) {
      last += 1;
      const kept = { ...structuredClone(draft), place: last };
      entries.set(kept.place, kept);
      return Promise.resolve(kept);
    },
    all: (owner) => Promise.resolve([...entries.values()].filter((kept) => kept.owner === owner)),
    update(kept) {
      if (entries.has(kept.place)) entries.set(kept.place, kept);
      return Promise.resolve();
    },
    remove: (place) => Promise.resolve(void entries.delete(place)),
  };
}
