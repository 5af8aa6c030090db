/** Everything that can be done, found by a few letters. */
import { Search } from "lucide-react";
import { Dialog } from "radix-ui";
import { type KeyboardEvent, useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { cx, Kbd } from "@/ui";
import { rank } from "./rank";
import { type Command, useAllCommands } from "./registry";

export function Palette({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation();
  const id = useId();
  const commands = useAllCommands();
  const [query, setQuery] = useState("");
  const [place, setPlace] = useState(0);
  const found = useMemo(
    () =>
      rank(
        query,
        commands.filter(({ keysOnly }) => !keysOnly),
        ({ label, words }) => `${label} ${words ?? ""}`,
      ),
    [query, commands],
  );
  const chosen = found[Math.min(place, found.length - 1)];

  const run = (command: Command) => {
    onClose();
    // After the palette has given the focus back.
    setTimeout(command.run);
  };
  const press = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      const next = (Math.min(place, found.length - 1) + step + found.length) % Math.max(found.length, 1);
      setPlace(next);
      document.getElementById(`${id}-${found[next]?.id}`)?.scrollIntoView({ block: "nearest" });
    }
    if (event.key === "Enter" && chosen && !event.nativeEvent.isComposing) {
      event.preventDefault();
      run(chosen);
    }
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 animate-dim bg-scrim" />
        <Dialog.Content
          aria-describedby={undefined}
          className="fixed inset-x-2 top-2 z-40 mx-auto flex max-h-[70dvh] max-w-144 animate-appear flex-col overflow-hidden rounded-xl bg-raised shadow-raised outline-none md:top-[14dvh]"
        >
          <Dialog.Title className="sr-only">{t("commands.palette")}</Dialog.Title>
          <div className="flex h-12 shrink-0 items-center gap-2.5 border-b px-4">
            <Search className="size-4 text-ink-3" aria-hidden="true" />
            <input
              role="combobox"
              aria-expanded="true"
              aria-controls={`${id}-list`}
              aria-activedescendant={chosen ? `${id}-${chosen.id}` : undefined}
              aria-label={t("commands.search")}
              placeholder={t("commands.search")}
              value={query}
              onChange={(event) => {
                setQuery(event.target.value);
                setPlace(0);
              }}
              onKeyDown={press}
              className="h-full min-w-0 flex-1 bg-transparent text-base outline-none"
            />
            <Kbd keys="escape" />
          </div>
          <div id={`${id}-list`} role="listbox" aria-label={t("commands.palette")} className="min-h-0 overflow-y-auto p-1.5">
            {found.map((command) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the field's, as a combobox has it
              <div
                key={command.id}
                id={`${id}-${command.id}`}
                role="option"
                tabIndex={-1}
                aria-selected={command === chosen}
                onClick={() => run(command)}
                onMouseMove={() => setPlace(found.indexOf(command))}
                className={cx("flex h-9 items-center gap-3 rounded-md px-2.5 text-sm", command === chosen && "bg-selected")}
              >
                <span className="min-w-0 flex-1 truncate">{command.label}</span>
                <span className="shrink-0 text-xs text-ink-3">{command.group}</span>
                <span className="hidden w-16 justify-end md:flex">{command.keys && <Kbd keys={command.keys} />}</span>
              </div>
            ))}
          </div>
          {found.length === 0 && (
            <p role="status" className="px-4 py-8 text-center text-sm text-ink-3">
              {t("commands.nothing", { query })}
            </p>
          )}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
