/** What a session is, whoever's. */
import type { Tokens } from "../attempts.js";
import type { CallOptions } from "../call.js";
import type { RapportError } from "../error.js";
import type { Unsubscribe } from "../listeners.js";
import type { Fields } from "../rest.js";
import type { Method } from "../service.js";
import type { Tabs } from "../tabs.js";

/** Where a session stands. */
export type SessionState =
  /** Nobody has asked yet. */
  | { readonly status: "unknown" }
  /** There is one; `principal` is `member_…` or `visitor_…`. */
  | { readonly status: "active"; readonly principal: string; readonly session: string }
  /** There is none. `error` says why it ended where it was not asked to. */
  | { readonly status: "over"; readonly error?: RapportError };

export interface Session extends Tokens {
  readonly state: SessionState;
  /** Whose what waits to be sent is, known also where the server cannot be reached; absent where nobody is signed in. */
  readonly owner: string | undefined;
  /** Hears of each new state. */
  onChange(listener: (state: SessionState) => void): Unsubscribe;
  /** Ends what it holds in this page; the session itself goes on. */
  close(): void;
}

/** What a session is given to work with. */
export interface Surroundings {
  /** Calls without a token, or with this one. */
  call(method: Method, request: Fields, options?: CallOptions & { readonly token?: string }): Promise<unknown>;
  readonly tabs: Tabs;
}

/** Makes the session of a client. */
export type SessionMaker<S extends Session> = (around: Surroundings) => S;

/** What can be read of an access token without knowing its key. */
export interface Claims {
  readonly sub: string;
  readonly sid: string;
  /** How long it lives from when it was made, in milliseconds. */
  readonly life: number;
}

export function claimsOf(token: string): Claims {
  const { sub, sid = "", iat, exp } = JSON.parse(atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")));
  return { sub, sid, life: (exp - iat) * 1000 };
}

/** An access token with its end, by this machine's own clock: the server's may say something else. */
export class Access {
  readonly claims: Claims;
  readonly #until: number;

  constructor(
    readonly token: string,
    receivedAt = Date.now(),
  ) {
    this.claims = claimsOf(token);
    this.#until = receivedAt + this.claims.life;
  }

  /** Whether it serves without a thought of renewal. */
  isFresh(refused: string | undefined): boolean {
    return this.token !== refused && this.#left > Math.min(90_000, this.claims.life / 4);
  }

  /** Whether it still serves where renewal fails. */
  isUsable(refused: string | undefined): boolean {
    return this.token !== refused && this.#left > 0;
  }

  get #left(): number {
    return this.#until - Date.now();
  }
}
