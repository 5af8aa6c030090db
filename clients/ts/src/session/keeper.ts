/** Keeps the access token of a session: in memory only, renewed by one at a time, the others wait for it. */
import type { Refused } from "../attempts.js";
import { asError, RapportError } from "../error.js";
import { Listeners, type Unsubscribe } from "../listeners.js";
import type { Access, SessionState } from "./session.js";

export class Keeper {
  #access: Access | undefined;
  #state: SessionState = { status: "unknown" };
  #renewal: Promise<Access> | undefined;
  readonly #listeners = new Listeners<[SessionState]>();

  get state(): SessionState {
    return this.#state;
  }

  get access(): Access | undefined {
    return this.#access;
  }

  onChange(listener: (state: SessionState) => void): Unsubscribe {
    return this.#listeners.add(listener);
  }

  /** A token other than the refused one, got by `renew` where there is none. */
  async token(refused: Refused | undefined, renew: () => Promise<Access>): Promise<string> {
    const had = this.#access;
    if (had?.isFresh(refused?.token)) return had.token;
    this.#renewal ??= renew().finally(() => {
      this.#renewal = undefined;
    });
    try {
      return (await this.#renewal).token;
    } catch (thrown) {
      const error = asError(thrown);
      if (error.retryable && had?.isUsable(refused?.token) && this.#access === had) return had.token;
      throw error;
    }
  }

  /** Goes on with a token. */
  take(access: Access): void {
    this.#access = access;
    const { sub: principal, sid: session } = access.claims;
    const was = this.#state;
    if (was.status === "active" && was.principal === principal && was.session === session) return;
    this.#turn({ status: "active", principal, session });
  }

  /** There is no session any more. */
  end(error?: RapportError): void {
    this.#access = undefined;
    if (this.#state.status === "over") return;
    this.#turn(error ? { status: "over", error } : { status: "over" });
  }

  /** What calls get that need a session where there is none. */
  get over(): RapportError {
    const { error } = this.#state.status === "over" ? this.#state : {};
    return error ?? new RapportError({ reason: "SIGNED_OUT", message: "nobody is signed in" });
  }

  #turn(state: SessionState): void {
    this.#state = state;
    void this.#listeners.tell(state);
  }
}
