/** The browser's own database: what one tab has kept is what every other tab reads from then on. */

/** Opens it, made where it is not there. Async, so that a browser which forbids it outright is no different from one that fails. */
export async function openDatabase(
  databases: IDBFactory,
  name: string,
  make: (database: IDBDatabase) => void,
): Promise<IDBDatabase> {
  const request = databases.open(name, 1);
  request.onupgradeneeded = () => make(request.result);
  return answer(request);
}

/** Runs a change and ends when it is on the disk. */
export async function change<T>(database: IDBDatabase, name: string, run: (store: IDBObjectStore) => Promise<T>): Promise<T> {
  const transaction = database.transaction(name, "readwrite", { durability: "strict" });
  const done = new Promise<void>((kept, lost) => {
    transaction.oncomplete = () => kept();
    transaction.onabort = () => lost(transaction.error);
  });
  const [given] = await Promise.all([run(transaction.objectStore(name)), done]);
  return given;
}

export function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((given, failed) => {
    request.onsuccess = () => given(request.result);
    request.onerror = () => failed(request.error);
  });
}
