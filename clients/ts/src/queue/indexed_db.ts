/** The queue in the browser's own database, shared by its tabs. */
import { journaled, type TabStorage } from "./journal.js";
import { type Draft, type Kept, memoryQueue, type QueueStore } from "./store.js";

const ENTRIES = "entries";
const OWNER = "owner";

/**
 * The queue of this name; in memory where the browser has no database, or keeps it from the page. What is added is the tab's at once, for
 * the database takes its time.
 */
export function indexedDbQueue(
  name: string,
  databases: IDBFactory | undefined = globalThis.indexedDB,
  storage?: TabStorage,
): QueueStore {
  if (!databases) return memoryQueue();
  let opened: Promise<QueueStore> | undefined;
  const store = () => {
    opened ??= open(databases, `${name}-queue`).then(onDatabase, () => memoryQueue());
    return opened;
  };
  const kept: QueueStore = {
    add: async (draft) => (await store()).add(draft),
    all: async (owner) => (await store()).all(owner),
    update: async (kept) => (await store()).update(kept),
    remove: async (place) => (await store()).remove(place),
  };
  return journaled(kept, `${name}-queue`, storage);
}

/** Async, so that a browser which forbids it outright is no different from one that fails. */
async function open(databases: IDBFactory, name: string): Promise<IDBDatabase> {
  const request = databases.open(name, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(ENTRIES, { keyPath: "place", autoIncrement: true }).createIndex(OWNER, OWNER);
  };
  return answer(request);
}

function onDatabase(database: IDBDatabase): QueueStore {
  /** Runs a change and ends when it is on the disk. */
  const change = async <T>(run: (entries: IDBObjectStore) => Promise<T>): Promise<T> => {
    const transaction = database.transaction(ENTRIES, "readwrite", { durability: "strict" });
    const done = new Promise<void>((kept, lost) => {
      transaction.oncomplete = () => kept();
      transaction.onabort = () => lost(transaction.error);
    });
    const [given] = await Promise.all([run(transaction.objectStore(ENTRIES)), done]);
    return given;
  };
  return {
    add: (draft: Draft) => change(async (entries) => ({ ...draft, place: Number(await answer(entries.add(draft))) })),
    all: (owner) => answer(database.transaction(ENTRIES).objectStore(ENTRIES).index(OWNER).getAll(owner)) as Promise<Kept[]>,
    // Another tab may have sent it meanwhile.
    update: (kept) =>
      change(async (entries) => {
        if ((await answer(entries.getKey(kept.place))) !== undefined) await answer(entries.put(kept));
      }),
    remove: (place) => change((entries) => answer(entries.delete(place))),
  };
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((given, failed) => {
    request.onsuccess = () => given(request.result);
    request.onerror = () => failed(request.error);
  });
}
