/**
 * The elements that rows are drawn into. A row keeps its own as long as it is on the screen, and one that comes takes over that of one that
 * goes: the page makes no element and works out no style anew while it is scrolled. Their order in the page, which readers of the screen
 * and the tabulator follow, is made right when the list stands still.
 */
import { useRef } from "react";

interface Item {
  readonly key: string;
}

export interface Slot<T> {
  readonly slot: number;
  readonly item: T;
}

/** The items, each with its slot, in the order their elements stand in. */
export function useSlots<T extends Item>(items: readonly T[], isMoving: boolean): readonly Slot<T>[] {
  const held = useRef<readonly Slot<T>[]>([]);
  held.current = settle(held.current, items, isMoving);
  return held.current;
}

export function settle<T extends Item>(held: readonly Slot<T>[], items: readonly T[], isMoving: boolean): readonly Slot<T>[] {
  const coming = new Map(items.map((item) => [item.key, item]));
  const staying = held.map(({ slot, item }) => {
    const again = coming.get(item.key);
    coming.delete(item.key);
    return { slot, item: again };
  });
  const others = coming.values();
  const now: Slot<T>[] = [];
  for (const { slot, item = others.next().value } of staying) if (item) now.push({ slot, item });
  for (let slot = 0; now.length < items.length; slot++) {
    const item = now.some((taken) => taken.slot === slot) ? undefined : others.next().value;
    if (item) now.push({ slot, item });
  }
  if (isMoving) return now;
  const place = new Map(items.map(({ key }, at) => [key, at]));
  return now.sort((one, other) => (place.get(one.item.key) ?? 0) - (place.get(other.item.key) ?? 0));
}
