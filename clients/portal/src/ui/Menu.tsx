/** What can be done, behind a button. */
import { Check } from "lucide-react";
import { DropdownMenu as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { cx } from "./cx";
import { Kbd } from "./Kbd";

export interface MenuProps {
  readonly trigger: ReactNode;
  readonly children: ReactNode;
  readonly align?: "start" | "center" | "end" | undefined;
  readonly side?: "top" | "right" | "bottom" | "left" | undefined;
  readonly defaultOpen?: boolean | undefined;
}

export function Menu({ trigger, children, align = "end", side = "bottom", defaultOpen = false }: MenuProps) {
  return (
    <Radix.Root defaultOpen={defaultOpen}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align={align}
          side={side}
          sideOffset={4}
          collisionPadding={8}
          className="z-50 max-h-(--radix-dropdown-menu-content-available-height) min-w-48 animate-appear overflow-y-auto rounded-lg bg-raised p-1 shadow-raised"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

const ROW = cx(
  "flex h-9 items-center gap-2 rounded-md px-2 text-sm outline-none md:h-8 [&_svg]:size-4 [&_svg]:shrink-0",
  "data-disabled:pointer-events-none data-disabled:opacity-50 data-highlighted:bg-hover",
);

export interface MenuItemProps {
  readonly children: ReactNode;
  readonly icon?: ReactNode;
  readonly keys?: string | undefined;
  readonly danger?: boolean | undefined;
  readonly disabled?: boolean | undefined;
  readonly onSelect: () => void;
}

export function MenuItem({ children, icon, keys, danger, disabled, onSelect }: MenuItemProps) {
  return (
    <Radix.Item disabled={disabled ?? false} onSelect={onSelect} className={cx(ROW, danger ? "text-bad" : "text-ink")}>
      <span className={cx("grid size-4 place-items-center", danger ? "" : "text-ink-3")}>{icon}</span>
      <span className="flex-1 truncate">{children}</span>
      {keys && <Kbd keys={keys} />}
    </Radix.Item>
  );
}

export interface MenuChoiceProps<T extends string> {
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly choices: readonly { readonly value: T; readonly label: string; readonly icon?: ReactNode }[];
}

/** One of several, the present one ticked. */
export function MenuChoice<T extends string>({ value, onChange, choices }: MenuChoiceProps<T>) {
  return (
    <Radix.RadioGroup value={value} onValueChange={(next) => onChange(next as T)}>
      {choices.map((choice) => (
        <Radix.RadioItem key={choice.value} value={choice.value} className={cx(ROW, "text-ink")}>
          <span className="grid size-4 place-items-center text-ink-3">{choice.icon}</span>
          <span className="flex-1 truncate">{choice.label}</span>
          <Radix.ItemIndicator>
            <Check className="text-accent-ink" aria-hidden="true" />
          </Radix.ItemIndicator>
        </Radix.RadioItem>
      ))}
    </Radix.RadioGroup>
  );
}

export function MenuLine() {
  return <Radix.Separator className="-mx-1 my-1 h-px bg-line" />;
}

export function MenuTitle({ children }: { readonly children: ReactNode }) {
  return <Radix.Label className="px-2 py-1.5 text-xs text-ink-3">{children}</Radix.Label>;
}
