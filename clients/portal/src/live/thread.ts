/** The entries of one chat or ticket, by their numbers: whatever is read or heard, in any order and however often, gives the same. */

export interface Numbered {
  readonly seq: number;
}

export interface Thread<T extends Numbered> {
  /** In order, each number once. */
  readonly items: readonly T[];
  /** Whether the newest have been read once. */
  readonly isBegun: boolean;
}

export const NOTHING_READ: Thread<never> = { items: [], isBegun: false };

/** The thread with these too; itself where it has them all. */
export function add<T extends Numbered>(thread: Thread<T>, more: readonly T[], isBegun = thread.isBegun): Thread<T> {
  const { items } = thread;
  const last = items.at(-1)?.seq ?? 0;
  const isNext = more.every((item, index) => item.seq > (index === 0 ? last : (more[index - 1]?.seq ?? 0)));
  if (isNext) {
    if (more.length === 0 && isBegun === thread.isBegun) return thread;
    return { items: more.length === 0 ? items : [...items, ...more], isBegun };
  }
  const known = new Map(items.map((item) => [item.seq, item]));
  const fresh = more.filter(({ seq }) => !known.has(seq));
  if (fresh.length === 0 && isBegun === thread.isBegun) return thread;
  for (const item of fresh) known.set(item.seq, item);
  return { items: [...known.values()].sort((one, other) => one.seq - other.seq), isBegun };
}

/** The number after which something is missing, up to what is known to be there; nothing where all is here from the first one read. */
export function gap<T extends Numbered>({ items }: Thread<T>, lastSeq: number): number | undefined {
  let before: number | undefined;
  for (const { seq } of items) {
    if (before !== undefined && seq !== before + 1) return before;
    before = seq;
  }
  return before !== undefined && before < lastSeq ? before : undefined;
}

/** Whether there is something before the first one read. */
export function hasOlder<T extends Numbered>({ items, isBegun }: Thread<T>): boolean {
  return isBegun && (items[0]?.seq ?? 1) > 1;
}
