/**
 * One socket, from its hello to its close. It ends exactly once, and says so at once where the browser would take minutes to notice
 * that nobody is there.
 */
import { RapportError } from "../error.js";
import type { ServerFrame, Welcome } from "../generated/live.js";
import { InFlight } from "./in_flight.js";

/** How a socket ended. */
export interface End {
  readonly code: number;
  readonly reason: string;
}

export interface SocketEvents {
  welcome(welcome: Welcome): void;
  /** Any frame that is no answer to a call. */
  frame(frame: ServerFrame): void;
  end(end: End): void;
}

/** How long the welcome may take. */
const WELCOME = 10_000;
/** How often the socket is looked after. */
const TICK = 5_000;
/** Two looks so far apart: the page has slept, and the socket may be dead without knowing. */
const SLEPT = 15_000;
/** Nothing was heard for so long: ask. */
const QUIET = 25_000;
/** How long an answer to that may take. */
const PATIENCE = 8_000;
/** The same where there is a reason to doubt. */
const IMPATIENCE = 3_000;

/** The close code of an end that this side found. */
export const GONE = 1006;

export class Socket {
  readonly calls: InFlight;
  #state: "opening" | "open" | "leaving" | "ended" = "opening";
  #heardAt = Date.now();
  #tickedAt = Date.now();
  #doubt: ReturnType<typeof setTimeout> | undefined;
  readonly #welcome: ReturnType<typeof setTimeout>;
  readonly #ticking: ReturnType<typeof setInterval>;

  constructor(
    private readonly socket: WebSocket,
    /** The token it goes by. */
    public token: string,
    cursor: string,
    private readonly events: SocketEvents,
  ) {
    this.calls = new InFlight((frame) => this.#send(frame));
    this.#welcome = setTimeout(() => this.#finish({ code: GONE, reason: "no welcome came" }), WELCOME);
    this.#ticking = setInterval(() => this.#tick(), TICK);
    socket.onopen = () => this.#send({ hello: cursor === "" ? { token } : { token, cursor } });
    socket.onmessage = ({ data }: MessageEvent<string>) => this.#receive(JSON.parse(data));
    // What went wrong the browser tells nobody; a close follows.
    socket.onerror = () => undefined;
    socket.onclose = ({ code, reason }) => this.#finish({ code, reason });
  }

  /** Whether it takes calls. */
  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Takes no more calls; those under way may end. */
  leave(): void {
    if (this.#state === "open") this.#state = "leaving";
  }

  reauth(token: string): void {
    this.token = token;
    this.#send({ reauth: { token } });
  }

  /** Asks whether anybody is there still; ends the socket where nobody answers. */
  probe(patience = IMPATIENCE): void {
    if (this.#state === "opening" || this.#state === "ended" || this.#doubt !== undefined) return;
    this.#send({ ping: {} });
    this.#doubt = setTimeout(() => this.#finish({ code: GONE, reason: "nobody answered" }), patience);
  }

  /** Whether this side ended it. */
  isLeft = false;

  /** Ends it from this side. */
  close(): void {
    if (this.#state !== "ended") this.isLeft = true;
    this.#finish({ code: 1000, reason: "" });
  }

  #receive(frame: ServerFrame): void {
    this.#heardAt = Date.now();
    clearTimeout(this.#doubt);
    this.#doubt = undefined;
    if (frame.result) this.calls.result(frame.result);
    else if (frame.item) this.calls.item(frame.item);
    else if (frame.welcome) {
      clearTimeout(this.#welcome);
      this.#state = "open";
      this.events.welcome(frame.welcome);
    } else if (!frame.pong) this.events.frame(frame);
  }

  #send(frame: object): void {
    if (this.socket.readyState === 1) this.socket.send(JSON.stringify(frame));
  }

  #tick(): void {
    const now = Date.now();
    const gap = now - this.#tickedAt;
    this.#tickedAt = now;
    if (gap > SLEPT) this.probe();
    else if (now - this.#heardAt > QUIET) this.probe(PATIENCE);
  }

  #finish(end: End): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    clearTimeout(this.#welcome);
    clearTimeout(this.#doubt);
    clearInterval(this.#ticking);
    const { socket } = this;
    // A later word of a socket that was given up is nobody's.
    socket.onopen = socket.onmessage = socket.onclose = null;
    // Closed before it is open, a browser writes a warning into the console.
    if (socket.readyState === 0) socket.onopen = () => socket.close();
    else socket.close();
    this.calls.fail(new RapportError({ reason: "NETWORK", message: "the connection broke before the answer", retryable: true }));
    this.events.end(end);
  }
}
