/**
 * The panes of a screen: a list, what is chosen in it, and what is known about that. On a phone one at a time, on a tablet two, on a desk
 * all three; `active` says which one a phone shows, and whether a tablet shows the aside over the rest. A screen without a list is one of
 * the places itself: `active` is `list` there, and the main pane is always shown.
 */
import { ArrowLeft } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { PaneBoundary } from "@/errors/PaneBoundary";
import { cx, IconButton } from "@/ui";

export type PaneName = "list" | "main" | "aside";

export interface PanesProps {
  readonly active: PaneName;
  readonly list?: ReactNode;
  readonly main: ReactNode;
  readonly aside?: ReactNode;
  /** What main and aside show, such as an id: another one gets over a fault of the one before. */
  readonly of?: string | undefined;
}

export function Panes({ active, list, main, aside, of }: PanesProps) {
  const shows = (pane: PaneName) => (active === pane ? "flex" : "hidden md:flex");
  return (
    <div data-pane={active} className="relative flex h-full min-h-0 min-w-0">
      {list && (
        <section className={cx("w-full min-w-0 flex-col md:w-80 md:border-r md:shrink-0 xl:w-88", shows("list"))}>
          <PaneBoundary>{list}</PaneBoundary>
        </section>
      )}
      <section className={cx("min-w-0 flex-1 flex-col bg-surface", active === "main" || !list ? "flex" : "hidden md:flex")}>
        <PaneBoundary of={of}>{main}</PaneBoundary>
      </section>
      {aside && (
        <section
          className={cx(
            "min-w-0 flex-col bg-surface xl:static xl:flex xl:w-80 xl:shrink-0 xl:border-l xl:shadow-none",
            active === "aside" ? "flex w-full md:absolute md:inset-y-0 md:right-0 md:z-20 md:w-80 md:shadow-raised" : "hidden",
          )}
        >
          <PaneBoundary of={of}>{aside}</PaneBoundary>
        </section>
      )}
    </div>
  );
}

export interface PaneHeaderProps {
  readonly title: ReactNode;
  readonly subtitle?: ReactNode;
  /** Goes back to the pane before, where only one is shown. */
  readonly onBack?: (() => void) | undefined;
  readonly children?: ReactNode;
}

/** The line at the top of a pane: 48 px, its name and what can be done. */
export function PaneHeader({ title, subtitle, onBack, children }: PaneHeaderProps) {
  const { t } = useTranslation();
  return (
    <header className="flex h-12 shrink-0 items-center gap-2 border-b px-4">
      {onBack && (
        <IconButton label={t("ui.back")} className="-ml-2 md:hidden" onClick={onBack}>
          <ArrowLeft />
        </IconButton>
      )}
      <div className="min-w-0 flex-1">
        <h1 className="truncate text-base font-semibold">{title}</h1>
        {subtitle && <p className="truncate text-xs text-ink-3">{subtitle}</p>}
      </div>
      {children}
    </header>
  );
}
