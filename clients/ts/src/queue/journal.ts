/**
 * What is on its way into a store that answers later: the page may be gone by then, and with it what was written. The tab's own storage
 * has it at once, and as long as it takes; the next page of the tab brings it home. Under the same request id, so it cannot be doubled.
 */
import type { Draft, Kept, QueueStore } from "./store.js";

/** The part of `sessionStorage` that is needed. */
export type TabStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export function journaled(store: QueueStore, key: string, storage: TabStorage | undefined = tabStorage()): QueueStore {
  let left = read(storage, key);
  const write = (drafts: readonly Draft[]) => {
    left = drafts;
    try {
      if (left.length > 0) storage?.setItem(key, JSON.stringify(left));
      else storage?.removeItem(key);
    } catch {
      // Full or forbidden: it is as safe as the store is fast.
    }
  };
  const forget = ({ requestId }: Draft) => write(left.filter((draft) => draft.requestId !== requestId));
  const brought = new Map<string, Kept>();
  // A page may bring home by itself, too, what it had put here under an id of its own.
  const put = async (draft: Draft): Promise<Kept> => {
    const isSame = ({ requestId }: Draft) => requestId === draft.requestId;
    return brought.get(draft.requestId) ?? (await store.all(draft.owner)).find(isSame) ?? store.add(draft);
  };
  const bringHome = async () => {
    for (const draft of left) {
      brought.set(draft.requestId, await put(draft));
      forget(draft);
    }
  };
  // What cannot be brought home now is tried again by the next page.
  const home = bringHome().catch(() => undefined);
  return {
    add(draft) {
      write([...left, draft]);
      return home.then(() => put(draft)).finally(() => forget(draft));
    },
    all: (owner) => home.then(() => store.all(owner)),
    update: (kept) => home.then(() => store.update(kept)),
    remove: (place) => home.then(() => store.remove(place)),
  };
}

function read(storage: TabStorage | undefined, key: string): readonly Draft[] {
  try {
    return JSON.parse(storage?.getItem(key) ?? "[]");
  } catch {
    return [];
  }
}

/** The tab's own storage, where there is one and the browser gives it. */
function tabStorage(): TabStorage | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}
