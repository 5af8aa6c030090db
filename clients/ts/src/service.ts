/** How calls are described: a table made from the contract, so that no method is listed by hand. */
import type { Zero } from "./zero.js";

/** One rpc as a browser calls it. */
export interface Method {
  /** Its full name, as the live socket has it. */
  readonly rpc: string;
  readonly verb: string;
  /** The address, with the fields that stand in it in braces. */
  readonly path: string;
  /** Whether what is not in the address travels as a body; as a query otherwise. */
  readonly body?: true;
  /** Whether the answer is bytes of some type. */
  readonly raw?: true;
  /** Whether it answers many times. */
  readonly stream?: true;
  /** Whether it changes nothing, and so may be repeated at any time. */
  readonly read?: true;
  /** Whether it needs no token. */
  readonly open?: true;
  /** Whether something of it travels in a cookie, which only HTTP has. */
  readonly cookie?: true;
  /** Whether it may be repeated under the same `requestId`. */
  readonly requestId?: true;
  /** The field of the request that names the place to begin at. */
  readonly resumes?: string;
  /** What JSON leaves out of the answer. */
  readonly zero?: () => Zero;
}

declare const calls: unique symbol;

/** The rpcs of one area of the contract; `Calls` are their types. */
export type Service<Calls> = { readonly [Name in keyof Calls]: Method } & { readonly [calls]?: Calls };

/** Areas by the name they have in a client. */
// biome-ignore lint/suspicious/noExplicitAny: stands for any interface of calls
export type Services = Readonly<Record<string, Service<any>>>;

/** The typed calls of a service. */
export type CallsOf<S> = S extends { readonly [calls]?: infer Calls } ? Exclude<Calls, undefined> : never;

/** The typed calls of all of them. */
export type Calls<S extends Services> = { readonly [Area in keyof S]: CallsOf<S[Area]> };
