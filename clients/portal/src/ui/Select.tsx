/** One of several, each with an optional explanation. Inside a `Field`, or with a `label` of its own. */
import { Check, ChevronsUpDown } from "lucide-react";
import { Select as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { cx } from "./cx";
import { CONTROL, useField } from "./Field";

export interface Choice<T extends string> {
  readonly value: T;
  readonly label: string;
  readonly hint?: string | undefined;
  readonly icon?: ReactNode;
  readonly disabled?: boolean | undefined;
}

const PLAIN = cx(
  "w-full rounded-md text-ink transition-colors hover:not-disabled:bg-hover data-[state=open]:bg-hover",
  "disabled:cursor-not-allowed [&:disabled_svg:last-child]:hidden",
);

export interface SelectProps<T extends string> {
  readonly value: T | undefined;
  readonly onChange: (value: T) => void;
  readonly choices: readonly Choice<T>[];
  readonly label?: string | undefined;
  readonly placeholder?: string | undefined;
  readonly disabled?: boolean | undefined;
  readonly size?: "sm" | "md" | undefined;
  /** Plain: without a box until it is pointed at. */
  readonly look?: "box" | "plain" | undefined;
  readonly className?: string | undefined;
}

export function Select<T extends string>({
  value,
  onChange,
  choices,
  label,
  placeholder,
  disabled,
  size = "md",
  look = "box",
  className,
}: SelectProps<T>) {
  return (
    <Radix.Root value={value ?? ""} onValueChange={(next) => onChange(next as T)} disabled={disabled ?? false}>
      <Radix.Trigger
        {...useField()}
        aria-label={label}
        className={cx(
          look === "plain" ? PLAIN : CONTROL,
          "group inline-flex items-center justify-between gap-2 text-left data-placeholder:text-ink-3",
          size === "sm" ? "h-9 px-2 text-sm md:h-7" : "h-9 px-3 md:h-8 md:px-2.5",
          className,
        )}
      >
        <span className="truncate">
          <Radix.Value placeholder={placeholder} />
        </span>
        <Radix.Icon>
          <ChevronsUpDown
            className={cx(
              "size-3.5 text-ink-3",
              look === "plain" &&
                "opacity-0 transition-opacity group-hover:opacity-100 group-focus-visible:opacity-100 pointer-coarse:opacity-100",
            )}
            aria-hidden="true"
          />
        </Radix.Icon>
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          position="popper"
          sideOffset={4}
          collisionPadding={8}
          className="z-50 max-h-(--radix-select-content-available-height) min-w-(--radix-select-trigger-width) animate-appear overflow-hidden rounded-lg bg-raised p-1 shadow-raised"
        >
          <Radix.Viewport>
            {choices.map((choice) => (
              <Radix.Item
                key={choice.value}
                value={choice.value}
                disabled={choice.disabled ?? false}
                className="flex items-start gap-2 rounded-md px-2 py-1.5 text-sm outline-none data-disabled:text-ink-3 data-disabled:opacity-60 data-highlighted:bg-hover"
              >
                <span className="grid size-4 shrink-0 place-items-center">
                  <Radix.ItemIndicator>
                    <Check className="size-4 text-accent-ink" aria-hidden="true" />
                  </Radix.ItemIndicator>
                </span>
                <span className="flex min-w-0 flex-col">
                  <Radix.ItemText>
                    <span className="inline-flex items-center gap-2">
                      {choice.icon}
                      {choice.label}
                    </span>
                  </Radix.ItemText>
                  {choice.hint && <span className="max-w-72 text-xs text-ink-3">{choice.hint}</span>}
                </span>
              </Radix.Item>
            ))}
          </Radix.Viewport>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
