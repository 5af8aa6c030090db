/** Rapport from a browser: every rpc typed, one live connection that survives, a queue that loses and doubles nothing. */
import { type Client, type ClientOptions, createClient as create } from "./client.js";
import * as services from "./generated/services.js";
import type { Session } from "./session/session.js";

export * from "./light.js";

/** All there is. */
export type Everything = typeof services;

/** A client that knows every rpc a browser can call. */
export function createClient<A extends Session>(options: ClientOptions<A>): Client<Everything, A> {
  return create(services, options);
}
