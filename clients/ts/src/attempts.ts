/** What one call has been through, and whether there is use in another try. */
import { type RapportError, refusesToken } from "./error.js";
import type { Method } from "./service.js";
import { backoff, pause, unless } from "./wait.js";

/** A token that was refused, and with what. */
export interface Refused {
  readonly token: string;
  readonly error: RapportError;
}

/** Where access tokens come from. */
export interface Tokens {
  /** A good one, other than the one that was refused. Fails where there is no session, or where what it was refused with ends it. */
  token(refused?: Refused): Promise<string>;
}

export class Attempts {
  #tries = 0;
  #token: string | undefined;
  #refused: Refused | undefined;

  constructor(
    private readonly tokens: Tokens | undefined,
    private readonly method: Method,
  ) {}

  /** The token for the next try; none for a call that needs none. */
  async token(signal: AbortSignal): Promise<string | undefined> {
    if (this.method.open || !this.tokens) return undefined;
    this.#token = undefined;
    this.#token = await unless(signal, this.tokens.token(this.#refused));
    return this.#token;
  }

  /** Ends when it is time for another try; throws the error where there is none. */
  async after(error: RapportError, mayRepeat: boolean, signal: AbortSignal, left = Number.POSITIVE_INFINITY): Promise<void> {
    if (signal.aborted) throw error;
    if (this.#token !== undefined && this.#refused === undefined && refusesToken(error)) {
      this.#refused = { token: this.#token, error };
      return;
    }
    const wait = (error.retryAfter ?? 0) + backoff(this.#tries++, 250, 10_000);
    // Better the fault itself than one that only says it took too long.
    if (!mayRepeat || !error.retryable || wait >= left) throw error;
    await pause(wait, signal);
  }

  /** It works again. */
  succeeded(): void {
    this.#tries = 0;
    this.#refused = undefined;
  }
}
