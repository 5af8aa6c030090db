/**
 * Everything of one kind that this page knows, and the lists it is shown in. Who is in a list follows from the thing itself and from how
 * far the list has been read: no event patches a list by hand, so a page read before an event and merged after it takes nothing back.
 */

/** What a collection has to know of its things. */
export interface Kind<T> {
  id(thing: T): string;
  revision(thing: T): number;
  /** Where it stands in every list; the greatest is first. */
  place(thing: T): string | number;
  /** One thing from two readings of it, whichever came first. */
  merge(known: T, read: T): T;
  /** The first reading, with what was heard of it before. */
  arrive(read: T): T;
}

/** A list as far as it has been read. */
export interface View {
  readonly ids: readonly string[];
  /** Whether any page has been read. */
  readonly isBegun: boolean;
  /** Whether there is nothing further down. */
  readonly isComplete: boolean;
  /** The token of the next page. */
  readonly next: string;
}

interface Shelf<T> {
  readonly matches: (thing: T) => boolean;
  view: View;
  /** The place of the last one read; all that match and are not below it are in the list. */
  floor: string | number | undefined;
  /** Those that are known and match, and are below it: the list has not been read that far. */
  readonly below: Set<string>;
}

const UNREAD: View = { ids: [], isBegun: false, isComplete: false, next: "" };

export class Collection<T> {
  readonly #all = new Map<string, T>();
  readonly #left = new Map<string, number>();
  readonly #shelves = new Map<string, Shelf<T>>();

  /** `changed` hears of each thing and each list that is another now. */
  constructor(
    private readonly kind: Kind<T>,
    private readonly changed: (what: { readonly id: string } | { readonly view: string }) => void,
  ) {}

  get(id: string): T | undefined {
    return this.#all.get(id);
  }

  *all(): IterableIterator<T> {
    yield* this.#all.values();
  }

  /** Takes a reading, however old. Gives what is known now; nothing where the reader no longer sees it. */
  put(read: T): T | undefined {
    const id = this.kind.id(read);
    const left = this.#left.get(id);
    if (left !== undefined && this.kind.revision(read) < left) return undefined;
    this.#left.delete(id);
    const known = this.#all.get(id);
    const now = known === undefined ? this.kind.arrive(read) : this.kind.merge(known, read);
    if (now !== known) {
      this.#all.set(id, now);
      this.changed({ id });
      for (const [key, shelf] of this.#shelves) this.#settle(key, shelf, id, now);
    }
    return now;
  }

  /** Changes what is known; `false` where it is not known. */
  patch(id: string, change: (known: T) => T): boolean {
    const known = this.#all.get(id);
    if (known === undefined) return false;
    const now = change(known);
    if (now === known) return true;
    this.#all.set(id, now);
    this.changed({ id });
    for (const [key, shelf] of this.#shelves) this.#settle(key, shelf, id, now);
    return true;
  }

  /** The reader no longer sees it as it is from this revision on. */
  leave(id: string, revision: number): void {
    const known = this.#all.get(id);
    // What is as new as that was read by somebody who sees it still.
    if (known !== undefined && this.kind.revision(known) >= revision) return;
    this.#left.set(id, Math.max(revision, this.#left.get(id) ?? 0));
    if (known === undefined) return;
    this.#all.delete(id);
    this.changed({ id });
    for (const [key, shelf] of this.#shelves) this.#remove(key, shelf, id, known);
  }

  /** The list of those that match, under a name that stands for what matches. */
  view(key: string, matches: (thing: T) => boolean): View {
    const known = this.#shelves.get(key);
    if (known) return known.view;
    const below = new Set<string>();
    for (const [id, thing] of this.#all) if (matches(thing)) below.add(id);
    this.#shelves.set(key, { matches, view: UNREAD, floor: undefined, below });
    return UNREAD;
  }

  /** Takes the next page of a list that {@link view} was asked for. */
  page(key: string, read: readonly T[], next: string): void {
    const shelf = this.#shelves.get(key);
    for (const thing of read) this.put(thing);
    if (!shelf) return;
    const last = read.at(-1);
    if (last !== undefined) shelf.floor = this.kind.place(last);
    shelf.view = { ...shelf.view, isBegun: true, isComplete: next === "", next };
    const more: T[] = [];
    for (const id of shelf.below) {
      const thing = this.#all.get(id);
      if (thing === undefined || !this.#isRead(shelf, thing)) continue;
      shelf.below.delete(id);
      more.push(thing);
    }
    this.#admit(key, shelf, more);
    this.changed({ view: key });
  }

  /** Forgets everything; the lists are to be read anew. */
  clear(): void {
    const ids = [...this.#all.keys()];
    this.#all.clear();
    this.#left.clear();
    for (const id of ids) this.changed({ id });
    for (const [key, shelf] of this.#shelves) {
      shelf.view = UNREAD;
      shelf.floor = undefined;
      shelf.below.clear();
      this.changed({ view: key });
    }
  }

  #isRead({ floor, view }: Shelf<T>, thing: T): boolean {
    return view.isComplete || (floor !== undefined && this.kind.place(thing) >= floor);
  }

  #settle(key: string, shelf: Shelf<T>, id: string, now: T): void {
    if (!shelf.matches(now)) this.#remove(key, shelf, id, now);
    else if (!this.#isRead(shelf, now)) shelf.below.add(id);
    else if (!this.#has(shelf, id, now)) this.#admit(key, shelf, [now]);
  }

  #has(shelf: Shelf<T>, id: string, thing: T): boolean {
    return shelf.view.ids[this.#find(shelf.view.ids, this.kind.place(thing))] === id;
  }

  #remove(key: string, shelf: Shelf<T>, id: string, thing: T): void {
    if (shelf.below.delete(id)) return;
    const { ids } = shelf.view;
    const at = this.#find(ids, this.kind.place(thing));
    if (ids[at] !== id) return;
    shelf.view = { ...shelf.view, ids: [...ids.slice(0, at), ...ids.slice(at + 1)] };
    this.changed({ view: key });
  }

  /** Puts them in their places, in one pass: a page into a list of fifty thousand costs one copy of it. */
  #admit(key: string, shelf: Shelf<T>, things: readonly T[]): void {
    if (things.length === 0) return;
    const more = [...things].sort((one, other) => (this.kind.place(one) > this.kind.place(other) ? -1 : 1));
    const last = shelf.view.ids.at(-1);
    const [first] = more;
    if (last === undefined || (first !== undefined && this.kind.place(first) < this.#placeOf(last))) {
      shelf.view = { ...shelf.view, ids: [...shelf.view.ids, ...more.map((thing) => this.kind.id(thing))] };
      this.changed({ view: key });
      return;
    }
    const ids: string[] = [];
    let next = 0;
    for (const id of shelf.view.ids) {
      const place = this.#placeOf(id);
      for (let thing = more[next]; thing !== undefined && this.kind.place(thing) > place; thing = more[++next]) {
        ids.push(this.kind.id(thing));
      }
      ids.push(id);
    }
    for (const thing of more.slice(next)) ids.push(this.kind.id(thing));
    shelf.view = { ...shelf.view, ids };
    this.changed({ view: key });
  }

  /** Where something of this place is in a list, or would be. */
  #find(ids: readonly string[], place: string | number): number {
    let low = 0;
    let high = ids.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#placeOf(ids[middle] ?? "") > place) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #placeOf(id: string): string | number {
    const thing = this.#all.get(id);
    return thing === undefined ? "" : this.kind.place(thing);
  }
}
