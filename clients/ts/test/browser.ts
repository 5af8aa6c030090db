// What a browser is to its tabs, in Node.js: one jar of cookies, one store of texts, one database, locks and channels that its tabs share.
import { IDBFactory } from "fake-indexeddb";
import { databaseTexts, type Tabs } from "../src/index.js";

/** What `sessionStorage` is to a tab. */
export class TabTexts {
  readonly all = new Map<string, string>();
  getItem = (key: string) => this.all.get(key) ?? null;
  setItem = (key: string, text: string) => void this.all.set(key, text);
  removeItem = (key: string) => void this.all.delete(key);
}

export class Browser {
  /** How often each address was asked. */
  readonly asked = new Map<string, number>();

  /** Its database, which outlives a tab. */
  readonly databases = new IDBFactory();
  readonly texts = databaseTexts(this.databases);
  /** What a tab keeps for itself over reloads; here all of its tabs are taken for one that is reloaded. */
  readonly tabStorage = new TabTexts();
  readonly #cookies = new Map<string, string>();
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #channels = new Map<string, Set<(message: unknown) => void>>();

  /** `fetch` with the browser's cookies; only what asks for them gets them. */
  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const { pathname } = new URL(String(input));
    this.asked.set(pathname, (this.asked.get(pathname) ?? 0) + 1);
    const headers = new Headers(init?.headers);
    const takesCookies = init?.credentials !== "omit";
    if (takesCookies && this.#cookies.size > 0)
      headers.set("cookie", [...this.#cookies].map((pair) => pair.join("=")).join("; "));
    const response = await globalThis.fetch(input, { ...init, headers });
    for (const line of takesCookies ? response.headers.getSetCookie() : []) {
      const [name = "", value = ""] = (line.split(";")[0] ?? "").split("=");
      if (/max-age=0/i.test(line)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  };

  /** One `without` locks lets its tabs do everything at once. */
  constructor(private readonly without?: "locks") {}

  /** As Web Locks and BroadcastChannel do it for real tabs. */
  readonly tabs: Tabs = {
    alone: <T>(name: string, work: () => Promise<T>): Promise<T> => {
      if (this.without === "locks") return work();
      const turn = (this.#turns.get(name) ?? Promise.resolve()).then(work, work);
      this.#turns.set(
        name,
        turn.catch(() => undefined),
      );
      return turn;
    },
    channel: (name, hear) => {
      const hearers = this.#channels.get(name) ?? new Set();
      this.#channels.set(name, hearers);
      hearers.add(hear);
      return {
        post: (message) => {
          const copy = structuredClone(message);
          for (const each of hearers) if (each !== hear) queueMicrotask(() => hearers.has(each) && each(copy));
        },
        close: () => void hearers.delete(hear),
      };
    },
  };
}
