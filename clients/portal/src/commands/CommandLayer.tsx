/** Listens to the keyboard for the whole page, adds what can be done everywhere, and shows the palette and the help. */
import { useRouter } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useOwnStatus } from "@/agents/presence";
import { STATUSES } from "@/agents/status";
import { Later, later } from "@/app/later";
import { PLACES } from "@/app/Navigation";
import { chooseTheme, THEMES } from "@/app/theme";
import { useMay } from "@/session/session";
import { Keys } from "./keys";
import {
  areSingleKeysOn,
  type Command,
  currentCommands,
  showHelp,
  showLayer,
  showPalette,
  useCommands,
  useLayer,
} from "./registry";

const Palette = later(async () => (await import("./Palette")).Palette);
const KeyboardHelp = later(async () => (await import("./KeyboardHelp")).KeyboardHelp);

export function CommandLayer() {
  const layer = useLayer();
  useKeyboard();
  useCommands(useOwnCommands());
  return (
    <Later>
      {layer === "palette" && <Palette onClose={() => showLayer("none")} />}
      {layer === "help" && <KeyboardHelp onClose={() => showLayer("none")} />}
    </Later>
  );
}

function useKeyboard(): void {
  useEffect(() => {
    const keys = new Keys();
    const press = (event: KeyboardEvent) => {
      // Whoever has dealt with it has dealt with it; a dialog has the keyboard to itself.
      if (event.defaultPrevented || event.isComposing || event.repeat) return;
      if (document.querySelector("[role=dialog],[role=menu],[role=listbox]")) return;
      const { key, ctrlKey, metaKey, altKey, shiftKey, timeStamp: at, target } = event;
      const command = keys.find(
        { key, ctrlKey, metaKey, altKey, shiftKey, at, typing: isTyping(target) },
        currentCommands(),
        areSingleKeysOn(),
      );
      if (!command) return;
      event.preventDefault();
      command.run();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** What can be done wherever one is. */
function useOwnCommands(): readonly Command[] {
  const { t } = useTranslation();
  const router = useRouter();
  const { choose } = useOwnStatus();
  const mayChoose = useMay("PERMISSION_PRESENCE_SET");
  return useMemo(
    () => [
      {
        id: "palette",
        label: t("commands.palette"),
        group: t("commands.groups.general"),
        keys: "mod+k",
        whileTyping: true,
        keysOnly: true,
        run: showPalette,
      },
      { id: "help", label: t("commands.help"), group: t("commands.groups.general"), keys: "?", run: showHelp },
      ...PLACES.map(({ to, name, keys }) => ({
        id: `go:${to}`,
        label: t("commands.goTo", { place: t(name) }),
        group: t("commands.groups.places"),
        keys,
        run: () => void router.navigate({ to }),
      })),
      {
        id: "go:profile",
        label: t("commands.goTo", { place: t("nav.profile") }),
        group: t("commands.groups.places"),
        keys: "g p",
        run: () => void router.navigate({ to: "/profile" }),
      },
      ...(mayChoose ? STATUSES : []).map((status) => ({
        id: `status:${status}`,
        label: t("commands.status", { status: t(`status.${status}`) }),
        group: t("status.label"),
        run: () => choose(status),
      })),
      ...THEMES.map((theme) => ({
        id: `theme:${theme}`,
        label: t("commands.theme", { theme: t(`theme.${theme}`) }),
        group: t("theme.label"),
        run: () => chooseTheme(theme),
      })),
    ],
    [t, router, choose, mayChoose],
  );
}
