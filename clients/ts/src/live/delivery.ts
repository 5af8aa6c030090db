/**
 * Gives what was heard to those who listen: in order, each exactly once. The cursor to come back with moves when something is heard, the
 * cursor that may be kept when every listener has dealt with it.
 */
import { type Ephemeral, EphemeralZero, type Event, EventZero, type ResetCause, type Typing } from "../generated/events.js";
import type { ServerFrame } from "../generated/live.js";
import { Listeners, type Unsubscribe } from "../listeners.js";
import type { Fields } from "../rest.js";
import { fill } from "../zero.js";

/** The bodies an event may have, by the name of the field they are in. */
export type Bodies = { [Kind in Exclude<keyof Event, "type" | "at">]-?: Exclude<Event[Kind], undefined> };

/** Why everything is to be read anew. */
export type Reset = ResetCause | "CURSOR_INVALID";

export class Delivery {
  /** The last place heard of. */
  heard = "";
  /** The last place that was dealt with. */
  cursor = "";
  #reader = "";
  #done: Promise<void> = Promise.resolve();
  readonly #events = new Listeners<[event: Event, cursor: string]>();
  readonly #kinds = new Map<string, Listeners<[body: never, event: Event, cursor: string]>>();
  readonly #ephemerals = new Listeners<[Ephemeral]>();
  readonly #resets = new Listeners<[Reset]>();

  onEvent(listener: (event: Event, cursor: string) => unknown): Unsubscribe {
    return this.#events.add(listener);
  }

  on<Kind extends keyof Bodies>(
    kind: Kind,
    listener: (body: Bodies[Kind], event: Event, cursor: string) => unknown,
  ): Unsubscribe {
    const listeners = this.#kinds.get(kind) ?? new Listeners();
    this.#kinds.set(kind, listeners);
    return listeners.add(listener);
  }

  onEphemeral(listener: (ephemeral: Ephemeral) => unknown): Unsubscribe {
    return this.#ephemerals.add(listener);
  }

  onTyping(listener: (typing: Typing) => unknown): Unsubscribe {
    return this.onEphemeral(({ typing }) => typing && listener(typing));
  }

  onReset(listener: (cause: Reset) => unknown): Unsubscribe {
    return this.#resets.add(listener);
  }

  /** Says who reads. Another reader's place is of no use to this one. */
  readBy(principal: string): void {
    if (this.#reader !== "" && this.#reader !== principal) this.begin("");
    this.#reader = principal;
  }

  /** Begins at a place, where everything before has been dealt with. */
  begin(cursor: string): void {
    this.heard = cursor;
    this.#then(cursor, () => undefined);
  }

  /** Takes a frame; `false` where it is none of these. */
  take({ event, checkpoint, reset, ephemeral }: ServerFrame): boolean {
    if (event) this.#event(event.data as Fields | undefined, event.cursor);
    else if (checkpoint) this.begin(checkpoint.cursor);
    else if (reset) this.reset(reset.cause, reset.cursor);
    else if (ephemeral) {
      const filled = fill(EphemeralZero, ephemeral as Fields) as Ephemeral;
      this.#then(undefined, () => this.#ephemerals.tell(filled));
    } else return false;
    return true;
  }

  reset(cause: Reset, cursor: string): void {
    this.heard = cursor;
    this.#then(cursor, () => this.#resets.tell(cause));
  }

  /** Ends when all that was heard has been dealt with. */
  settled(): Promise<void> {
    return this.#done;
  }

  #event(data: Fields | undefined, cursor: string): void {
    const event = fill(EventZero, data ?? {}) as unknown as Event;
    this.heard = cursor;
    this.#then(cursor, async () => {
      await this.#events.tell(event, cursor);
      for (const [kind, listeners] of this.#kinds) {
        const body = event[kind as keyof Bodies];
        if (body) await listeners.tell(body as never, event, cursor);
      }
    });
  }

  /** Deals with it after all that came before; the cursor moves when that is done. */
  #then(cursor: string | undefined, deal: () => unknown): void {
    this.#done = this.#done.then(async () => {
      await deal();
      if (cursor !== undefined) this.cursor = cursor;
    });
  }
}
