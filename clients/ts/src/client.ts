/** Puts the parts together: calls, session, live connection, queue. */
import type { Tokens } from "./attempts.js";
import { Caller, type CallOptions } from "./call.js";
import { Live } from "./live/live.js";
import { indexedDbQueue } from "./queue/indexed_db.js";
import { Queue } from "./queue/queue.js";
import type { QueueStore } from "./queue/store.js";
import type { Fields } from "./rest.js";
import { Rest } from "./rest.js";
import type { Calls, Method, Services } from "./service.js";
import type { Session, SessionMaker } from "./session/session.js";
import { type StreamOptions, stream } from "./stream.js";
import { browserTabs, type Tabs } from "./tabs.js";
import { Life } from "./wait.js";

export interface ClientOptions<A extends Session> {
  /** Where the edge is: `https://support.example`. The page's own origin where nothing is said. */
  readonly url?: string;
  /** Who calls: {@link memberSession} or {@link visitorSession}. */
  readonly session: SessionMaker<A>;
  /** What is shared between tabs goes by this name: another one for each client on one page. `rapport` where nothing is said. */
  readonly name?: string;
  readonly fetch?: typeof globalThis.fetch;
  readonly WebSocket?: typeof globalThis.WebSocket;
  readonly tabs?: Tabs;
  /** Where the queue is kept; IndexedDB where nothing is said, memory where there is none. */
  readonly store?: QueueStore;
}

export interface Parts<S extends Services, A extends Session> {
  readonly session: A;
  readonly live: Live;
  readonly queue: Queue<S>;
  /** Ends everything this client has under way in this page. What waits in the queue stays there. */
  close(): void;
}

export type Client<S extends Services, A extends Session> = Calls<S> & Parts<S, A>;

/** A client that knows these services. */
export function createClient<S extends Services, A extends Session>(services: S, options: ClientOptions<A>): Client<S, A> {
  const url = (options.url ?? globalThis.location.origin).replace(/\/+$/, "");
  const rest = new Rest(url, options.fetch ?? ((input, init) => globalThis.fetch(input, init)));
  const tabs = options.tabs ?? browserTabs(options.name ?? "rapport");
  const life = new Life();
  const session = options.session({
    tabs,
    call: (method, request, { token, ...more } = {}) =>
      new Caller(rest, life, token ? only(token) : undefined).unary(method, request, more),
  });
  const caller = new Caller(rest, life, session);
  const live = new Live({ url, session, WebSocket: options.WebSocket ?? globalThis.WebSocket });
  caller.lineFor = (method, request) => live.lineFor(method, request);
  const store = options.store ?? indexedDbQueue(options.name ?? "rapport");
  const queue = new Queue<S>({ services, caller, session, live, tabs, store });
  const parts: Parts<S, A> = {
    session,
    live,
    queue,
    close() {
      queue.close();
      void live.stop();
      session.close();
      life.end();
    },
  };
  return Object.assign(callsOf(services, caller), parts);
}

/** One token and no other. */
function only(token: string): Tokens {
  return { token: (refused) => (refused ? Promise.reject(refused.error) : Promise.resolve(token)) };
}

/** Every rpc of the services as a function. */
function callsOf<S extends Services>(services: S, caller: Caller): Calls<S> {
  const bind = (method: Method) =>
    method.stream
      ? (request: Fields = {}, options?: StreamOptions) => stream(caller, method, request, options)
      : (request: Fields = {}, options?: CallOptions) => caller.unary(method, request, options);
  const areas = Object.entries(services).map(([area, methods]) => [
    area,
    Object.fromEntries(Object.entries(methods as Record<string, Method>).map(([name, method]) => [name, bind(method)])),
  ]);
  return Object.fromEntries(areas) as Calls<S>;
}
