/** Streaming calls: an async iterable that ends with the loop over it. */
import { Attempts } from "./attempts.js";
import { type Caller, TIMEOUT } from "./call.js";
import { asError, type RapportError } from "./error.js";
import type { Fields } from "./rest.js";
import type { Method } from "./service.js";
import { Deadline } from "./wait.js";
import { fill } from "./zero.js";

export interface StreamOptions {
  /** Ends the stream: the loop fails with `CANCELLED`. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Where given, a stream that broke is begun again, for as long as that can help; this is called before. One that names places
   * goes on where it was, another begins anew. Where not given, the loop ends with the error.
   */
  readonly onRestart?: ((error: RapportError) => void) | undefined;
}

export async function* stream(
  caller: Caller,
  method: Method,
  asked: Fields,
  options: StreamOptions = {},
): AsyncGenerator<unknown> {
  const whole = new Deadline(caller.life, options.signal);
  const attempts = new Attempts(caller.tokens, method);
  const begun: Begun = { request: asked, hasItems: false };
  try {
    for (;;) {
      try {
        yield* once(caller, method, begun, attempts, whole.signal);
        return;
      } catch (thrown) {
        const error = asError(thrown);
        if (begun.hasItems && !options.onRestart) throw error;
        await attempts.after(error, options.onRestart !== undefined, whole.signal);
        if (begun.hasItems) options.onRestart?.(error);
      }
    }
  } finally {
    whole.cancel();
    whole.end();
  }
}

interface Begun {
  /** What to ask for: its place moves with the items. */
  request: Fields;
  hasItems: boolean;
}

async function* once(
  caller: Caller,
  method: Method,
  begun: Begun,
  attempts: Attempts,
  signal: AbortSignal,
): AsyncGenerator<unknown> {
  const deadline = new Deadline(caller.life, signal, TIMEOUT);
  const token = await attempts.token(deadline.signal).finally(() => deadline.end());
  for await (const item of caller.way(method, begun.request).stream(method, begun.request, token, signal)) {
    const filled = fill(method.zero?.() ?? {}, item as Fields);
    const place = method.resumes && filled[method.resumes];
    if (method.resumes && place) begun.request = { ...begun.request, [method.resumes]: place };
    begun.hasItems = true;
    attempts.succeeded();
    yield filled;
  }
}
