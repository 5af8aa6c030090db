/** Holds one socket after the other, from the start of the connection to its stop. */
import type { Refused } from "../attempts.js";
import { asError, RapportError } from "../error.js";
import type { ServerFrame } from "../generated/live.js";
import { watchPage } from "../page.js";
import { claimsOf, type Session } from "../session/session.js";
import { backoff, pause, unless } from "../wait.js";
import type { Delivery } from "./delivery.js";
import { type End, Socket } from "./socket.js";
import { atLeast, judge } from "./verdict.js";

/** How a connection goes. */
export type Turn =
  /** Under way. */
  | { readonly state: "connecting" }
  /** There: events come, calls travel over it. */
  | { readonly state: "open" }
  /** Broken: the next try is at `retryAt`, in milliseconds since 1970, or when the network is back. */
  | { readonly state: "waiting"; readonly retryAt: number; readonly error: RapportError }
  /** Over, until `start` is called again: signed out, or refused for good. */
  | { readonly state: "ended"; readonly error: RapportError };

export interface ConnectionOptions {
  readonly url: string;
  readonly session: Session;
  readonly WebSocket: typeof globalThis.WebSocket;
}

/** A connection that held so long was a good one: the next break is a first one again. */
const STEADY = 10_000;
/** How long calls under way may take when the socket is left for another. */
const LEAVING = 5_000;
/** How soon a token that could not be renewed is asked for again. */
const AGAIN = 5_000;

/** What became of a socket. */
interface Held {
  readonly end: End;
  readonly isSteady: boolean;
  /** It was left for another on purpose. */
  readonly isLeft: boolean;
  /** How long the server asked to stay away. */
  readonly away: number;
}

export class Connection {
  socket: Socket | undefined;
  readonly #control = new AbortController();
  #tries = 0;
  #refused: Refused | undefined;
  /** The cursor was worthless: whoever listens must be told where the next begins. */
  #isAnew = false;
  #wake: () => void = () => undefined;

  constructor(
    private readonly options: ConnectionOptions,
    private readonly delivery: Delivery,
    private readonly turn: (turn: Turn) => void,
  ) {}

  stop(): void {
    this.#control.abort(new RapportError({ reason: "CANCELLED", message: "the connection was stopped" }));
  }

  /** Something has happened: an open socket may be dead, a wait may be over. */
  check(): void {
    this.socket?.probe();
    this.#wake();
  }

  async run(): Promise<void> {
    const { signal } = this.#control;
    const unwatch = watchPage({ check: () => this.check(), doubt: () => this.socket?.probe() });
    try {
      // What the connection before this one heard is dealt with first.
      await unless(signal, this.delivery.settled());
      while (!signal.aborted) await this.#once(signal);
    } catch (thrown) {
      if (!signal.aborted) this.turn({ state: "ended", error: asError(thrown) });
    } finally {
      unwatch();
    }
  }

  /** One socket from its token to the wait after its end. Throws where there is no use in another. */
  async #once(signal: AbortSignal): Promise<void> {
    let token: string;
    try {
      token = await unless(signal, this.options.session.token(this.#refused));
    } catch (thrown) {
      const error = asError(thrown);
      if (signal.aborted || !error.retryable) throw error;
      return this.#wait((error.retryAfter ?? 0) + backoff(this.#tries++), error, signal);
    }
    this.#refused = undefined;
    const { state } = this.options.session;
    if (state.status === "active") this.delivery.readBy(state.principal);
    const { end, isSteady, isLeft, away } = await this.#hold(token, signal);
    if (signal.aborted || isLeft) return;
    if (isSteady) this.#tries = 0;
    const verdict = judge(end);
    if (verdict.kind === "over") throw verdict.error;
    if (verdict.kind === "renew") this.#refused = { token, error: verdict.error };
    if (verdict.kind === "anew") {
      this.#isAnew = true;
      this.delivery.heard = "";
    }
    // A token that is over is no fault: the first time there is nothing to wait for.
    const isExpected = verdict.kind !== "back" && this.#tries === 0;
    const wait = Math.max(away, atLeast(end)) + backoff(this.#tries++);
    if (isExpected) return this.turn({ state: "connecting" });
    const error = new RapportError({ reason: end.reason || "NETWORK", message: "the connection broke", retryable: true });
    return this.#wait(wait, error, signal);
  }

  async #wait(ms: number, error: RapportError, signal: AbortSignal): Promise<void> {
    this.turn({ state: "waiting", retryAt: Date.now() + ms, error });
    const control = new AbortController();
    this.#wake = () => control.abort();
    signal.addEventListener("abort", this.#wake);
    await pause(ms, control.signal).catch(() => undefined);
    signal.removeEventListener("abort", this.#wake);
    this.#wake = () => undefined;
    if (!signal.aborted) this.turn({ state: "connecting" });
  }

  #hold(token: string, signal: AbortSignal): Promise<Held> {
    const { url, WebSocket } = this.options;
    return new Promise((done) => {
      let [openedAt, away] = [0, 0];
      const close = () => socket.close();
      const socket = new Socket(
        new WebSocket(`${url.replace(/^http/, "ws")}/v1/live`, ["rapport.v1.json"]),
        token,
        this.delivery.heard,
        {
          welcome: ({ head }) => {
            openedAt = Date.now();
            if (this.#isAnew) this.delivery.reset("CURSOR_INVALID", head);
            else if (this.delivery.heard === "") this.delivery.begin(head);
            this.#isAnew = false;
            this.turn({ state: "open" });
          },
          frame: (frame) => {
            away = this.#hear(socket, frame) ?? away;
          },
          end: (end) => {
            signal.removeEventListener("abort", close);
            this.socket = undefined;
            done({ end, away, isSteady: openedAt > 0 && Date.now() - openedAt > STEADY, isLeft: socket.isLeft });
          },
        },
      );
      this.socket = socket;
      signal.addEventListener("abort", close);
    });
  }

  /** Deals with a frame; gives how long to stay away where it says so. */
  #hear(socket: Socket, frame: ServerFrame): number | undefined {
    if (this.delivery.take(frame)) return undefined;
    if (frame.expiring) void this.#renew(socket);
    if (!frame.goodbye) return undefined;
    socket.leave();
    return frame.goodbye.retryAfterMs ?? 0;
  }

  /** Goes on with another token: on the same socket where it is of the same session, on another one where it is not. */
  async #renew(socket: Socket): Promise<void> {
    while (socket.isOpen) {
      try {
        const token = await this.options.session.token();
        if (token !== socket.token) return await this.#goOn(socket, token);
      } catch (thrown) {
        // What is over ends the connection by itself.
        if (!asError(thrown).retryable) return;
      }
      await pause(AGAIN);
    }
  }

  async #goOn(socket: Socket, token: string): Promise<void> {
    if (claimsOf(token).sid === claimsOf(socket.token).sid) return socket.reauth(token);
    // A visit's next token is another session's.
    socket.leave();
    await Promise.race([socket.calls.idle(), pause(LEAVING)]);
    socket.close();
  }
}
