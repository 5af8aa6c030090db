/** Where a client keeps small texts between visits. */
import { answer, change, openDatabase } from "./database.js";

const TEXTS = "texts";

export interface TextStore {
  get(key: string): string | null | Promise<string | null>;
  set(key: string, value: string): void | Promise<void>;
  remove(key: string): void | Promise<void>;
}

/** Keeps nothing beyond the page. */
export function memoryTexts(): TextStore {
  const texts = new Map<string, string>();
  return {
    get: (key) => texts.get(key) ?? null,
    set: (key, value) => void texts.set(key, value),
    remove: (key) => void texts.delete(key),
  };
}

/** The browser's `localStorage`, shared by its tabs; where it is forbidden or absent, memory. */
export function localTexts(): TextStore {
  try {
    const storage = globalThis.localStorage;
    const probe = "rapport-probe";
    storage.setItem(probe, probe);
    storage.removeItem(probe);
    return {
      get: (key) => storage.getItem(key),
      set: (key, value) => storage.setItem(key, value),
      remove: (key) => storage.removeItem(key),
    };
  } catch {
    return memoryTexts();
  }
}

/**
 * The browser's database, for what its tabs must agree on: of a change in `localStorage` another tab hears a little later, even where a lock
 * says whose turn it is. Where there is none, `localStorage`.
 */
export function databaseTexts(databases: IDBFactory | undefined = globalThis.indexedDB): TextStore {
  if (!databases) return localTexts();
  let opened: Promise<TextStore> | undefined;
  const store = () => {
    opened ??= openDatabase(databases, "rapport-texts", (database) => {
      database.createObjectStore(TEXTS);
    }).then(onDatabase, () => localTexts());
    return opened;
  };
  return {
    get: async (key) => (await store()).get(key),
    set: async (key, value) => (await store()).set(key, value),
    remove: async (key) => (await store()).remove(key),
  };
}

function onDatabase(database: IDBDatabase): TextStore {
  const read = () => database.transaction(TEXTS).objectStore(TEXTS);
  return {
    get: async (key) => ((await answer(read().get(key))) as string | undefined) ?? null,
    set: (key, value) => change(database, TEXTS, async (texts) => void (await answer(texts.put(value, key)))),
    remove: (key) => change(database, TEXTS, (texts) => answer(texts.delete(key))),
  };
}
