/**
 * The live connection: one socket at a time, another where it broke, for as long as that can help. Calls travel over it while it is open.
 */
import { RapportError } from "../error.js";
import type { Ephemeral, Event, Typing } from "../generated/events.js";
import { Listeners, type Unsubscribe } from "../listeners.js";
import type { Fields, Transport } from "../rest.js";
import type { Method } from "../service.js";
import type { Session } from "../session/session.js";
import { Connection, type Turn } from "./connection.js";
import { type Bodies, Delivery, type Reset } from "./delivery.js";

/** How the connection is. */
export type LiveStatus =
  /** Not asked for. */
  { readonly state: "idle" } | Turn;

export interface LiveOptions {
  readonly url: string;
  readonly session: Session;
  readonly WebSocket: typeof globalThis.WebSocket;
}

/** Longer requests go over HTTP: a frame has at most 64 KiB, a character up to 3 bytes. */
const LONGEST = 20_000;

export class Live {
  readonly #delivery = new Delivery();
  readonly #statuses = new Listeners<[LiveStatus]>();
  #status: LiveStatus = { state: "idle" };
  #connection: Connection | undefined;

  constructor(private readonly options: LiveOptions) {
    options.session.onChange((state) => {
      if (state.status === "over") this.#halt({ state: "ended", error: state.error ?? signedOut() });
    });
  }

  get status(): LiveStatus {
    return this.#status;
  }

  /** The place after the last event that all listeners have dealt with; may be kept, and given to {@link start} another time. */
  get cursor(): string {
    return this.#delivery.cursor;
  }

  onStatus(listener: (status: LiveStatus) => void): Unsubscribe {
    return this.#statuses.add(listener);
  }

  /** Hears of one kind of event, with its body. A listener that gives a promise is waited for before the next event. */
  on<Kind extends keyof Bodies>(
    kind: Kind,
    listener: (body: Bodies[Kind], event: Event, cursor: string) => unknown,
  ): Unsubscribe {
    return this.#delivery.on(kind, listener);
  }

  /** Hears of every event, each exactly once and in order. */
  onEvent(listener: (event: Event, cursor: string) => unknown): Unsubscribe {
    return this.#delivery.onEvent(listener);
  }

  /** Hears of what is not kept. */
  onEphemeral(listener: (ephemeral: Ephemeral) => unknown): Unsubscribe {
    return this.#delivery.onEphemeral(listener);
  }

  /** Hears that somebody writes, or has stopped; to be forgotten after six seconds. */
  onTyping(listener: (typing: Typing) => unknown): Unsubscribe {
    return this.#delivery.onTyping(listener);
  }

  /** Hears that what was missed cannot be replayed: read everything anew. */
  onReset(listener: (cause: Reset) => unknown): Unsubscribe {
    return this.#delivery.onReset(listener);
  }

  /**
   * Opens the connection and keeps it open. Ends when it is first open; fails where it cannot be, for want of a session for example,
   * or where it is stopped before. Without a cursor it goes on where it was, or begins now.
   */
  async start(from: { readonly cursor?: string } = {}): Promise<void> {
    if (!this.#connection) {
      const connection = new Connection(
        this.options,
        this.#delivery,
        (turn) => this.#connection === connection && this.#turn(turn),
      );
      this.#connection = connection;
      this.#turn({ state: "connecting" });
      if (from.cursor) this.#delivery.begin(from.cursor);
      void connection.run();
    }
    return new Promise((open, failed) => {
      const look = (status: LiveStatus) => {
        if (status.state === "connecting" || status.state === "waiting") return;
        unsubscribe();
        if (status.state === "open") open();
        else
          failed(status.state === "ended" ? status.error : new RapportError({ reason: "CANCELLED", message: "it was stopped" }));
      };
      const unsubscribe = this.onStatus(look);
      look(this.#status);
    });
  }

  /** Closes the connection. What was heard is delivered still; {@link start} goes on after it. */
  async stop(): Promise<void> {
    this.#halt({ state: "idle" });
    await this.#delivery.settled();
  }

  /** Looks whether the connection is alive; said by itself where the page has slept or the network has changed. */
  check(): void {
    this.#connection?.check();
  }

  /** The socket for a call, where there is one that can take it. */
  lineFor(method: Method, request: Fields): Transport | undefined {
    const socket = this.#connection?.socket;
    if (!socket?.isOpen || method.cookie || method.raw || method.open) return undefined;
    return JSON.stringify(request).length <= LONGEST ? socket.calls : undefined;
  }

  #halt(status: LiveStatus): void {
    const connection = this.#connection;
    if (!connection) return;
    this.#connection = undefined;
    connection.stop();
    this.#turn(status);
  }

  #turn(status: LiveStatus): void {
    this.#status = status;
    if (status.state === "ended") this.#connection = undefined;
    void this.#statuses.tell(status);
  }
}

function signedOut(): RapportError {
  return new RapportError({ reason: "SIGNED_OUT", message: "nobody is signed in" });
}
