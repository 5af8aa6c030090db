/** How a call is made: over the socket where there is one, otherwise over HTTP, again where that is safe and can help. */
import { Attempts, type Tokens } from "./attempts.js";
import { asError } from "./error.js";
import type { Fields, Transport } from "./rest.js";
import type { Method } from "./service.js";
import { uuid } from "./uuid.js";
import { Deadline, type Life } from "./wait.js";
import { fill } from "./zero.js";

export interface CallOptions {
  /** Ends the call: it fails with `CANCELLED`. What the server has begun to store is stored. */
  readonly signal?: AbortSignal | undefined;
  /** How long the call may take in all, in milliseconds; 20,000 where nothing is said. */
  readonly timeoutMs?: number | undefined;
  /** `false` fails at the first fault, also where trying again is safe. */
  readonly retry?: boolean | undefined;
}

/** How long a call may take where nobody says. */
export const TIMEOUT = 20_000;

export class Caller {
  /** The socket for a call, where there is one that can take it. */
  lineFor: ((method: Method, request: Fields) => Transport | undefined) | undefined;

  /** Without tokens only calls that need none can be made; none is made or goes on when `life` ends. */
  constructor(
    private readonly rest: Transport,
    readonly life: Life,
    readonly tokens?: Tokens,
  ) {}

  async unary(method: Method, asked: Fields, options: CallOptions = {}): Promise<unknown> {
    const request = complete(method, asked);
    const deadline = new Deadline(this.life, options.signal, options.timeoutMs ?? TIMEOUT);
    const mayRepeat = options.retry !== false && (method.read === true || method.requestId === true);
    const attempts = new Attempts(this.tokens, method);
    try {
      for (;;) {
        try {
          const token = await attempts.token(deadline.signal);
          const answer = await this.way(method, request).unary(method, request, token, deadline.signal);
          return method.zero ? fill(method.zero(), answer as Fields) : answer;
        } catch (thrown) {
          await attempts.after(asError(thrown), mayRepeat, deadline.signal, deadline.left);
        }
      }
    } finally {
      deadline.end();
    }
  }

  /** The way a call takes now. */
  way(method: Method, request: Fields): Transport {
    return this.lineFor?.(method, request) ?? this.rest;
  }
}

/** The request with an id to repeat it under, where the caller gave none. */
function complete(method: Method, request: Fields): Fields {
  return method.requestId && !request.requestId ? { ...request, requestId: uuid() } : request;
}
