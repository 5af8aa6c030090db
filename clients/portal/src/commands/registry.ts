/** What can be done from the keyboard and the palette. Screens add their commands while they are shown. */
import { useEffect, useSyncExternalStore } from "react";

export interface Command {
  /** Tells it from the others; the last one of an id counts. */
  readonly id: string;
  readonly label: string;
  /** Under which it stands in the help and in the palette. */
  readonly group: string;
  /** `mod+k`, `g i` (one after the other), `?`. */
  readonly keys?: string | undefined;
  /** Further words it is found by. */
  readonly words?: string | undefined;
  /** Left out of the palette: it means something only where the focus is. */
  readonly keysOnly?: boolean | undefined;
  /** Works while something is being typed, too. */
  readonly whileTyping?: boolean | undefined;
  readonly run: () => void;
}

type Added = readonly Command[];

let sets: readonly Added[] = [];
let commands: readonly Command[] = [];
const listeners = new Set<() => void>();

function tell(next: readonly Added[]): void {
  sets = next;
  commands = [...new Map(sets.flat().map((command) => [command.id, command])).values()];
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function currentCommands(): readonly Command[] {
  return commands;
}

export function useAllCommands(): readonly Command[] {
  return useSyncExternalStore(subscribe, () => commands);
}

/** Adds commands while the caller is shown. Keep the array: `useMemo` it. */
export function useCommands(added: readonly Command[]): void {
  useEffect(() => {
    tell([...sets, added]);
    return () => tell(sets.filter((set) => set !== added));
  }, [added]);
}

export type Layer = "none" | "palette" | "help";
let layer: Layer = "none";

export function showLayer(next: Layer): void {
  layer = next;
  for (const listener of listeners) listener();
}

export const showHelp = () => showLayer("help");
export const showPalette = () => showLayer("palette");

export function useLayer(): Layer {
  return useSyncExternalStore(subscribe, () => layer);
}

const SINGLE_KEYS = "rapport-single-keys";
let singleKeys = localStorage.getItem(SINGLE_KEYS) !== "off";

/** Whether keys without Ctrl or Alt do something; those who dictate or use a switch turn it off. */
export function useSingleKeys(): boolean {
  return useSyncExternalStore(subscribe, () => singleKeys);
}

export function areSingleKeysOn(): boolean {
  return singleKeys;
}

export function chooseSingleKeys(on: boolean): void {
  singleKeys = on;
  localStorage.setItem(SINGLE_KEYS, on ? "on" : "off");
  for (const listener of listeners) listener();
}
