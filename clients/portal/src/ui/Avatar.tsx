/** A person as initials on a tint of their own, with how they are shown at the corner: a shape as well as a colour. */
import { cx } from "./cx";

export type Status = "online" | "away" | "busy" | "offline";

const SIZES = { xs: "size-5 text-[0.625rem]", sm: "size-6 text-[0.6875rem]", md: "size-8 text-xs", lg: "size-12 text-base" };
const TINTS = 8;

/** The same tint for the same person, whoever looks. */
export function tintOf(id: string): number {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return (sum * 7) % TINTS;
}

export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : words;
  return chosen
    .map((word) => [...(word ?? "")][0] ?? "")
    .join("")
    .toLocaleUpperCase();
}

export interface AvatarProps {
  readonly name: string;
  /** What tells people of one name apart. */
  readonly id?: string | undefined;
  readonly size?: keyof typeof SIZES | undefined;
  readonly status?: Status | undefined;
}

export function Avatar({ name, id, size = "md", status }: AvatarProps) {
  return (
    <span className="relative inline-flex shrink-0" aria-hidden="true">
      <span
        data-tint={tintOf(id ?? name)}
        data-initials={initialsOf(name) || "?"}
        className={cx("avatar grid place-items-center rounded-full font-semibold select-none", SIZES[size])}
      />
      {status && (
        <span className="absolute -right-0.5 -bottom-0.5 grid rounded-full bg-surface p-0.5">
          <StatusDot status={status} />
        </span>
      )}
    </span>
  );
}

/** Full, half, barred or hollow. */
export function StatusDot({ status }: { readonly status: Status }) {
  return (
    <svg viewBox="0 0 10 10" aria-hidden="true" className={cx("size-2.5! shrink-0", COLORS[status])}>
      {status === "offline" ? (
        <circle cx="5" cy="5" r="3.75" fill="none" stroke="currentColor" strokeWidth="2" />
      ) : (
        <circle cx="5" cy="5" r="5" fill="currentColor" />
      )}
      {status === "away" && (
        <path d="M5 2.4V5l1.9 1.3" fill="none" stroke="var(--surface)" strokeWidth="1.3" strokeLinecap="round" />
      )}
      {status === "busy" && <path d="M2.6 5h4.8" stroke="var(--surface)" strokeWidth="1.6" strokeLinecap="round" />}
    </svg>
  );
}

const COLORS: Record<Status, string> = { online: "text-good", away: "text-warn", busy: "text-bad", offline: "text-ink-3" };
