/** Calls over HTTP. One try each: whether to try again is decided above. */
import { lost, RapportError } from "./error.js";
import type { Problem } from "./generated/live.js";
import type { Reason } from "./generated/reasons.js";
import type { Method } from "./service.js";
import { items } from "./sse.js";

/** A request as calls have it: an object that JSON can say. */
export type Fields = Readonly<Record<string, unknown>>;

/** A way to the server. The signal ends a call with its reason. */
export interface Transport {
  unary(method: Method, request: Fields, token: string | undefined, signal: AbortSignal): Promise<unknown>;
  stream(method: Method, request: Fields, token: string | undefined, signal: AbortSignal): AsyncGenerator<unknown>;
}

export class Rest implements Transport {
  constructor(
    readonly url: string,
    readonly fetch: typeof globalThis.fetch,
  ) {}

  async unary(method: Method, request: Fields, token: string | undefined, signal: AbortSignal): Promise<unknown> {
    const response = await this.#send(method, request, token, signal);
    return read(signal, () => (method.raw ? response.blob() : json(response)));
  }

  async *stream(method: Method, request: Fields, token: string | undefined, signal: AbortSignal): AsyncGenerator<unknown> {
    const response = await this.#send(method, request, token, signal);
    if (!response.body) throw unreadable(response);
    yield* items(response.body, signal);
  }

  async #send(method: Method, request: Fields, token: string | undefined, signal: AbortSignal): Promise<Response> {
    const { address, rest } = place(method, request);
    const headers = new Headers(token ? { authorization: `Bearer ${token}` } : {});
    headers.set("accept", method.stream ? "text/event-stream" : "application/json");
    const init: RequestInit = { method: method.verb, headers, signal, credentials: method.cookie ? "same-origin" : "omit" };
    if (method.body) {
      headers.set("content-type", "application/json");
      init.body = JSON.stringify(rest);
    }
    const query = method.body ? "" : queryOf(rest);
    const response = await read(signal, () => this.fetch(this.url + address + query, init));
    if (response.ok) return response;
    throw await refusal(response, signal);
  }
}

/** The address with what stands in it, and what does not. */
function place(method: Method, request: Fields): { address: string; rest: Fields } {
  const rest: Record<string, unknown> = { ...request };
  const address = method.path.replace(/\{(\w+)\}/g, (_all, name: string) => {
    const value = rest[name];
    delete rest[name];
    return encodeURIComponent(String(value));
  });
  return { address, rest };
}

function queryOf(fields: Fields): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const each of Array.isArray(value) ? value : [value]) if (each !== undefined) query.append(name, String(each));
  }
  const text = query.toString();
  return text && `?${text}`;
}

/** Runs what reads from the network, where anything thrown means that nothing came back. */
async function read<T>(signal: AbortSignal, reading: () => Promise<T>): Promise<T> {
  try {
    return await reading();
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    throw thrown instanceof RapportError ? thrown : lost("the server could not be reached", thrown);
  }
}

async function json(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreadable(response, cause);
  }
}

async function refusal(response: Response, signal: AbortSignal): Promise<RapportError> {
  if (!response.headers.get("content-type")?.startsWith("application/problem+json")) return unreadable(response);
  const problem = (await read(signal, () => json(response))) as Partial<Problem>;
  return RapportError.of({ ...problem, status: response.status });
}

/** What a proxy says by its status alone, before the server could say the same. */
const BY_STATUS: Readonly<Record<number, Reason>> = { 413: "REQUEST_TOO_LARGE", 429: "RATE_LIMITED" };

/** An answer that is not of this server: a proxy before it says that it is not there. */
function unreadable(response: Response, cause?: unknown): RapportError {
  const seconds = Number(response.headers.get("retry-after"));
  return new RapportError({
    reason: BY_STATUS[response.status] ?? "UNREADABLE",
    retryAfter: seconds > 0 ? seconds * 1000 : undefined,
    message: `the answer (HTTP ${response.status}) is not one of Rapport`,
    status: response.status,
    retryable: [429, 502, 503, 504].includes(response.status),
    cause,
  });
}
