/** A list of any length in rows of one height: those that are on the screen are in the page, the next are read before one is there. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type FocusEvent, type MouseEvent, type ReactNode, type RefObject, useEffect, useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { ErrorState } from "@/errors/ErrorState";
import { SkeletonRows } from "@/ui";
import type { List } from "./hooks";
import { useListKeys } from "./useListKeys";
import { useSlots } from "./useSlots";

/** The next page is asked for when so few rows are left. */
const AHEAD = 30;
/**
 * So many rows share a place from which theirs are counted. A browser keeps the styles it has worked out: a row's place that has been there
 * before costs it a tenth of one that is new.
 */
const BLOCK = 64;

export interface RowState {
  /** The address of the thing; the list itself follows it within the page. */
  readonly href: string;
  readonly isOpen: boolean;
  readonly isMarked: boolean;
  /** Whether it may be gone in a moment. */
  readonly isMoving: boolean;
}

export interface VirtualRowsProps {
  readonly list: List;
  readonly label: string;
  readonly height: number;
  readonly openId: string | undefined;
  readonly nothing: ReactNode;
  /** The part of the portal these are in. */
  readonly place: "inbox" | "tickets" | "customers";
  readonly onOpen: (id: string) => void;
  readonly row: (id: string, state: RowState) => ReactNode;
}

export function VirtualRows({ list, label, height, openId, nothing, place, onOpen, row }: VirtualRowsProps) {
  const { t } = useTranslation();
  const { view, error, retry, more } = list;
  const { ids, isBegun, isComplete } = view;
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: ids.length + (isComplete ? 0 : 1),
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 8,
  });
  const shown = rows.getVirtualItems();
  const lastShown = shown.at(-1)?.index ?? 0;
  const firstShown = shown[0]?.index ?? 0;
  const first = firstShown - (firstShown % BLOCK);
  useEffect(() => {
    if (isBegun && !isComplete && lastShown >= ids.length - AHEAD) more();
  }, [isBegun, isComplete, lastShown, ids.length, more]);
  const marked = useListKeys(ids, openId, (index) => rows.scrollToIndex(index));
  const slots = useSlots(
    shown.map(({ index }) => ({ index, key: ids[index] ?? "more" })),
    rows.isScrolling,
  );
  const onFocus = useFreedFocus(scroller);

  // One listener for all rows: thousands of them come and go.
  const open = (event: MouseEvent) => {
    const id = (event.target as Element).closest<HTMLElement>("a[data-row]")?.dataset.row;
    if (id === undefined || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    onOpen(id);
  };

  if (!isBegun && error) return <ErrorState error={error} onRetry={retry} />;
  if (!isBegun) return <SkeletonRows label={t("ui.loading")} />;
  if (ids.length === 0 && isComplete) return nothing;
  return (
    <div ref={scroller} className="h-full overflow-y-auto overscroll-contain">
      <div className="relative" style={{ height: rows.getTotalSize() }}>
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: the rows are links, which Enter clicks */}
        <ul
          aria-label={label}
          onClick={open}
          onFocus={onFocus}
          className="absolute inset-x-0 top-0"
          style={{ transform: `translateY(${first * height}px)` }}
        >
          {slots.map(({ slot, item: { index } }) => {
            const id = ids[index];
            return (
              <li
                key={slot}
                className="absolute inset-x-0 top-0"
                style={{ height, transform: `translateY(${(index - first) * height}px)` }}
              >
                {id ? (
                  row(id, {
                    href: `${import.meta.env.BASE_URL}${place}/${id}`,
                    isOpen: id === openId,
                    isMarked: id === marked,
                    isMoving: rows.isScrolling,
                  })
                ) : error ? (
                  <button type="button" onClick={retry} className="h-full w-full text-sm font-medium text-accent-ink">
                    {t("live.moreFailed")}
                  </button>
                ) : (
                  <SkeletonRows rows={1} label={t("ui.loading")} />
                )}
              </li>
            );
          })}
        </ul>
      </div>
    </div>
  );
}

/**
 * A row that shows another thing now gives up the focus it had for the one before: Enter would open what nobody chose. Gives what is to be
 * told of the rows' focus.
 */
function useFreedFocus(scroller: RefObject<HTMLElement | null>): (event: FocusEvent) => void {
  const focused = useRef<string>(undefined);
  useLayoutEffect(() => {
    const row = document.activeElement;
    if (row instanceof HTMLElement && scroller.current?.contains(row) && row.dataset.row !== focused.current) row.blur();
  });
  return ({ target }) => {
    focused.current = (target as HTMLElement).dataset.row;
  };
}
