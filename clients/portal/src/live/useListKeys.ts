/** j and k go through a list, Enter opens what is marked: a row is a link. */
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Command, useCommands } from "@/commands/registry";

/** Gives the marked one. */
export function useListKeys(
  ids: readonly string[],
  openId: string | undefined,
  show: (index: number) => void,
): string | undefined {
  const { t } = useTranslation();
  const [marked, setMarked] = useState<string>();
  const cursor = marked ?? openId;
  const now = useRef({ ids, cursor, show });
  now.current = { ids, cursor, show };
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is opened takes the mark
  useEffect(() => setMarked(undefined), [openId]);
  const commands = useMemo((): readonly Command[] => {
    const go = (step: number) => {
      const { ids, cursor, show } = now.current;
      const at = cursor === undefined ? -1 : ids.indexOf(cursor);
      const next = at < 0 ? 0 : Math.min(ids.length - 1, Math.max(0, at + step));
      const id = ids[next];
      if (id === undefined) return;
      setMarked(id);
      show(next);
      // The row may not be drawn before the next frame.
      requestAnimationFrame(() =>
        requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-row="${id}"]`)?.focus({ preventScroll: true })),
      );
    };
    const group = t("live.keys.group");
    return [
      { id: "list.next", label: t("live.keys.next"), group, keys: "j", keysOnly: true, run: () => go(1) },
      { id: "list.previous", label: t("live.keys.previous"), group, keys: "k", keysOnly: true, run: () => go(-1) },
    ];
  }, [t]);
  useCommands(commands);
  return cursor;
}
