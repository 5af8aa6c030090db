/** The queue in the browser's own database, shared by its tabs. */
import { answer, change, openDatabase } from "../database.js";
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
    opened ??= openDatabase(databases, `${name}-queue`, (database) => {
      database.createObjectStore(ENTRIES, { keyPath: "place", autoIncrement: true }).createIndex(OWNER, OWNER);
    }).then(onDatabase, () => memoryQueue());
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

function onDatabase(database: IDBDatabase): QueueStore {
  return {
    add: (draft: Draft) =>
      change(database, ENTRIES, async (entries) => ({ ...draft, place: Number(await answer(entries.add(draft))) })),
    all: (owner) => answer(database.transaction(ENTRIES).objectStore(ENTRIES).index(OWNER).getAll(owner)) as Promise<Kept[]>,
    // Another tab may have sent it meanwhile.
    update: (kept) =>
      change(database, ENTRIES, async (entries) => {
        if ((await answer(entries.getKey(kept.place))) !== undefined) await answer(entries.put(kept));
      }),
    remove: (place) => change(database, ENTRIES, (entries) => answer(entries.delete(place))),
  };
}
