/** Views of one thing (`Tabs`), and a choice of a few that is seen whole (`Segmented`). */
import { Tabs as Radix, ToggleGroup } from "radix-ui";
import type { ReactNode } from "react";
import { cx } from "./cx";

export interface Tab<T extends string> {
  readonly value: T;
  readonly label: string;
  readonly count?: number | string | undefined;
  readonly icon?: ReactNode;
}

export interface TabsProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly tabs: readonly Tab<T>[];
  readonly children?: ReactNode;
}

export function Tabs<T extends string>({ label, value, onChange, tabs, children }: TabsProps<T>) {
  return (
    <Radix.Root value={value} onValueChange={(next) => onChange(next as T)} className="flex min-h-0 flex-1 flex-col">
      <Radix.List
        aria-label={label}
        className="flex shrink-0 gap-3 overflow-x-auto [scrollbar-width:none] border-b border-line px-4"
      >
        {tabs.map((tab) => (
          <Radix.Trigger
            key={tab.value}
            value={tab.value}
            className={cx(
              "-mb-px flex h-9 items-center gap-1.5 border-b-2 border-transparent text-sm font-medium whitespace-nowrap text-ink-3",
              "hover:text-ink data-[state=active]:border-accent-ink data-[state=active]:text-ink focus-visible:-outline-offset-2",
            )}
          >
            {tab.label}
            {tab.count !== undefined && <span className="text-xs text-ink-3">{tab.count}</span>}
          </Radix.Trigger>
        ))}
      </Radix.List>
      <Radix.Content value={value} className="min-h-0 flex-1 outline-none">
        {children}
      </Radix.Content>
    </Radix.Root>
  );
}

export type SegmentedProps<T extends string> = Omit<TabsProps<T>, "children">;

export function Segmented<T extends string>({ label, value, onChange, tabs }: SegmentedProps<T>) {
  return (
    <ToggleGroup.Root
      type="single"
      aria-label={label}
      value={value}
      onValueChange={(next) => next && onChange(next as T)}
      className="inline-flex rounded-lg border bg-sunken p-0.5"
    >
      {tabs.map((tab) => (
        <ToggleGroup.Item
          key={tab.value}
          value={tab.value}
          className={cx(
            "flex h-6.5 flex-1 items-center justify-center gap-1.5 rounded-md px-2.5 text-sm font-medium whitespace-nowrap text-ink-2",
            "hover:text-ink data-[state=on]:bg-selected data-[state=on]:text-ink [&_svg]:size-4",
          )}
        >
          {tab.icon}
          {tab.label}
          {tab.count !== undefined && <span className="text-xs text-ink-3">{tab.count}</span>}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}
