/** The place of something that is being read. */
import { cx } from "./cx";

export function Skeleton({ className }: { readonly className?: string | undefined }) {
  return <span aria-hidden="true" className={cx("block animate-wait rounded bg-selected", className)} />;
}

const WIDTHS = ["w-3/5", "w-2/5", "w-1/2", "w-1/3"];

/** Rows of a list that is being read; `label` says so to a screen reader. */
export function SkeletonRows({ rows = 6, label }: { readonly rows?: number; readonly label: string }) {
  return (
    <div role="status" aria-label={label} className="flex flex-col">
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike
        <div key={row} className="flex items-center gap-3 px-4 py-3">
          <Skeleton className="size-8 rounded-full" />
          <div className="flex flex-1 flex-col gap-2">
            <Skeleton className={cx("h-3", WIDTHS[row % WIDTHS.length])} />
            <Skeleton className={cx("h-2.5", WIDTHS[(row + 2) % WIDTHS.length])} />
          </div>
        </div>
      ))}
    </div>
  );
}
