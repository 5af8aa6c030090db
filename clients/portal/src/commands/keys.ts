/** Which command a pressed key means. Knows nothing of the page but the event it is given. */
import type { Command } from "./registry";

/** How long the second key of a sequence may take. */
const SEQUENCE_MS = 1200;

export interface Press {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  readonly at: number;
  /** Whether it goes into a text. */
  readonly typing: boolean;
}

/** The name of a press as commands write it. */
export function nameOf({ key, ctrlKey, metaKey, altKey, shiftKey }: Press): string {
  const name = key.length === 1 ? key.toLowerCase() : key.toLowerCase().replace("arrow", "");
  // With a sign such as `?` the shift is how it is typed, not what is meant.
  const shift = shiftKey && (key.length > 1 || /[a-z]/i.test(key));
  return [ctrlKey || metaKey ? "mod" : "", altKey ? "alt" : "", shift ? "shift" : "", name].filter(Boolean).join("+");
}

export class Keys {
  #before: { readonly name: string; readonly at: number } | undefined;

  /** The command of this press and of the one before it. */
  find(press: Press, commands: readonly Command[], single: boolean): Command | undefined {
    const name = nameOf(press);
    const before = this.#before && press.at - this.#before.at <= SEQUENCE_MS ? `${this.#before.name} ${name}` : undefined;
    const usable = commands.filter((command) => isUsable(command, press.typing, single));
    const found =
      (before === undefined ? undefined : usable.find(({ keys }) => keys === before)) ?? usable.find(({ keys }) => keys === name);
    const begins = !found && usable.some(({ keys }) => keys?.startsWith(`${name} `));
    this.#before = begins ? { name, at: press.at } : undefined;
    return found;
  }
}

function isUsable({ keys, whileTyping }: Command, typing: boolean, single: boolean): boolean {
  if (!keys) return false;
  const chord = /\b(mod|alt)\+/.test(keys);
  if (typing && !whileTyping) return false;
  return chord || single || keys === "escape";
}
