/** Where a client keeps small texts between visits. */

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
