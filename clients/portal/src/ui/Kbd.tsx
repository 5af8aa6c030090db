/** Keys, as they stand on the keyboard: `mod+k`, `g i`, `?`. */
import { cx } from "./cx";

const APPLE = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform);
const NAMES: Record<string, string> = {
  mod: APPLE ? "⌘" : "Ctrl",
  alt: APPLE ? "⌥" : "Alt",
  shift: "⇧",
  enter: "↵",
  escape: "Esc",
  up: "↑",
  down: "↓",
};

export function Kbd({ keys, inverted = false }: { readonly keys: string; readonly inverted?: boolean }) {
  const parts = keys.split(/[+ ]/).map((key) => NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key));
  return (
    <span className="inline-flex gap-0.5">
      {parts.map((part, place) => (
        <kbd
          // biome-ignore lint/suspicious/noArrayIndexKey: the keys of one combination never move
          key={place}
          className={cx(
            "inline-grid h-4.5 min-w-4.5 place-items-center rounded border px-1 font-sans text-xs leading-none",
            inverted ? "border-current/30" : "border-line bg-sunken text-ink-2",
          )}
        >
          {part}
        </kbd>
      ))}
    </span>
  );
}
