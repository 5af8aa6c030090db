// The people of the tests, each with a browser of their own, and how the tests wait for what must happen.
import { WebSocket } from "ws";
import {
  type ClientOptions,
  createClient,
  type Event,
  indexedDbQueue,
  memberSession,
  type Session,
  type Unsubscribe,
  visitorSession,
} from "../src/index.js";
import { Browser } from "./browser.js";
import type { Person, Server } from "./server.js";

/** How long anything may take that must happen. */
export const PATIENCE = 15_000;

/** Ends when `look` gives something, asked at once and whenever `listen` says that something has happened. */
export function until<T>(
  what: string,
  listen: (look: () => void) => Unsubscribe,
  look: () => T | undefined | false,
  patience = PATIENCE,
): Promise<T> {
  return new Promise((done, failed) => {
    const timer = setTimeout(() => {
      unsubscribe();
      failed(new Error(`within ${patience} ms it did not come true that ${what}`));
    }, patience);
    const check = () => {
      const found = look();
      if (found === undefined || found === false) return;
      clearTimeout(timer);
      unsubscribe();
      done(found);
    };
    const unsubscribe = listen(check);
    check();
  });
}

function options<A extends Session>(url: string, browser: Browser, session: ClientOptions<A>["session"]): ClientOptions<A> {
  return {
    url,
    session,
    fetch: browser.fetch,
    tabs: browser.tabs,
    store: indexedDbQueue("test", browser.databases, browser.tabStorage),
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
  };
}

/** A tab of a member's browser; nobody is signed in in it yet. */
export function memberTab(url: string, browser = new Browser()) {
  return createClient(options(url, browser, memberSession({ texts: browser.texts })));
}

/** A tab of a visitor's browser. */
export function visitorTab(url: string, browser = new Browser(), workspace = "demo") {
  return createClient(options(url, browser, visitorSession({ workspace, texts: browser.texts })));
}

export type MemberTab = ReturnType<typeof memberTab>;
export type VisitorTab = ReturnType<typeof visitorTab>;

/** A member who has signed in. */
export async function signedIn(server: Server, person: Person, url = server.url, browser = new Browser()): Promise<MemberTab> {
  const tab = memberTab(url, browser);
  await tab.session.signIn({ workspace: server.demo.workspace, email: person.email, password: person.password });
  return tab;
}

/** Everything somebody has heard. */
export class Ears {
  readonly events: { readonly event: Event; readonly cursor: string }[] = [];
  readonly #lookers = new Set<() => void>();

  constructor(tab: MemberTab | VisitorTab) {
    tab.live.onEvent((event, cursor) => {
      this.events.push({ event, cursor });
      for (const look of [...this.#lookers]) look();
    });
  }

  get texts(): string[] {
    return this.events.flatMap(({ event }) => event.messageSent?.message?.text ?? []);
  }

  get cursors(): string[] {
    return this.events.map(({ cursor }) => cursor);
  }

  readonly listen = (look: () => void): Unsubscribe => {
    this.#lookers.add(look);
    return () => void this.#lookers.delete(look);
  };

  message(text: string): Promise<true> {
    return until(`${text} is heard`, this.listen, () => this.texts.includes(text));
  }
}

/** Ends when the live connection is so. */
export function turned(tab: MemberTab | VisitorTab, state: MemberTab["live"]["status"]["state"]) {
  return until(
    `the connection is ${state}`,
    (look) => tab.live.onStatus(look),
    () => tab.live.status.state === state && tab.live.status,
  );
}
