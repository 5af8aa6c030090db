/** What is pressed. A busy button keeps its name, its width and its focus, and cannot be pressed twice. */
import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { cx } from "./cx";
import { Spinner } from "./Spinner";
import { type Side, tip } from "./tip";

export type ButtonLook = "primary" | "secondary" | "ghost" | "danger";

const LOOKS: Record<ButtonLook, string> = {
  primary: "bg-accent text-on-accent hover:not-disabled:bg-accent-hover",
  secondary: "border border-line bg-surface text-ink hover:not-disabled:bg-hover data-[state=open]:bg-hover",
  ghost: "text-ink-2 hover:not-disabled:bg-hover hover:not-disabled:text-ink data-[state=open]:bg-hover",
  danger: "bg-bad text-on-bad hover:not-disabled:bg-bad-hover",
};

const SIZES = { sm: "h-7 gap-1.5 px-2 text-sm", md: "h-8 gap-2 px-3 text-sm", lg: "h-10 gap-2 px-4 text-base" };

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly look?: ButtonLook | undefined;
  readonly size?: keyof typeof SIZES | undefined;
  readonly icon?: ReactNode;
  readonly busy?: boolean | undefined;
  readonly ref?: Ref<HTMLButtonElement> | undefined;
}

export function Button({ look = "secondary", size = "md", icon, busy, className, children, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      aria-busy={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      className={cx(
        "relative inline-flex shrink-0 items-center justify-center rounded-md font-medium whitespace-nowrap transition-colors",
        "select-none disabled:opacity-50 [&_svg]:size-4 [&_svg]:shrink-0",
        LOOKS[look],
        SIZES[size],
        className,
      )}
      {...rest}
    >
      {busy && (
        <span className="absolute inset-0 grid place-items-center">
          <Spinner />
        </span>
      )}
      <span className={cx("inline-flex items-center gap-[inherit]", busy && "opacity-0")}>
        {icon}
        {children}
      </span>
    </button>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, "icon" | "children"> {
  /** What it does: its name for those who do not see it, its tooltip for those who do. */
  readonly label: string;
  readonly children: ReactNode;
  /** The keys that do the same, shown in the tooltip. */
  readonly keys?: string | undefined;
  readonly tooltipSide?: Side | undefined;
}

const SQUARES = { sm: "size-7", md: "size-8", lg: "size-10" };

export function IconButton({
  label,
  keys,
  tooltipSide,
  look = "ghost",
  size = "md",
  busy,
  className,
  children,
  ...rest
}: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      {...tip({ text: label, keys, side: tooltipSide })}
      aria-busy={busy || undefined}
      className={cx(
        "relative inline-flex shrink-0 items-center justify-center rounded-md transition-colors disabled:opacity-50 [&_svg]:size-4",
        // A finger needs more than is seen.
        "pointer-coarse:after:absolute pointer-coarse:after:-inset-1.5",
        LOOKS[look],
        SQUARES[size],
        className,
      )}
      {...rest}
    >
      {busy ? <Spinner /> : children}
    </button>
  );
}
