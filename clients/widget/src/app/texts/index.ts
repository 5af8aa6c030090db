/** Which language is spoken, and how a text is made in it. */
import { signal } from "@preact/signals";
import { en, type Key, type Texts } from "./en";
import { es } from "./es";

export type { Key } from "./en";

const LANGUAGES: Readonly<Record<string, Texts>> = { en, es };

/** The language of the widget and the locale that writes its numbers and times. */
export const locale = signal("en");

/** The first wish that can be met; English where none can. A wish is a BCP 47 tag. */
export function choose(wishes: readonly string[]): string {
  return wishes.find((wish) => LANGUAGES[languageOf(wish)]) ?? "en";
}

function languageOf(tag: string): string {
  return tag.toLowerCase().split("-")[0] ?? "";
}

/** The text, with what stands in braces put in. */
export function t(key: Key, values: Readonly<Record<string, string | number>> = {}): string {
  const text = (LANGUAGES[languageOf(locale.value)] ?? en)[key];
  return text.replace(/\{(\w+)\}/g, (_all, name: string) => {
    const value = values[name];
    return typeof value === "number" ? value.toLocaleString(locale.value) : (value ?? "");
  });
}

export function unreadText(count: number): string {
  if (count === 0) return "";
  return t(new Intl.PluralRules(locale.value).select(count) === "one" ? "unreadOne" : "unreadOther", { count });
}

/** The time of a message, with its day where that is not today. */
export function timeText(iso: string | number, now = new Date()): string {
  const at = new Date(iso);
  const isToday = at.toDateString() === now.toDateString();
  const day = isToday ? {} : ({ day: "numeric", month: "short" } as const);
  return at.toLocaleString(locale.value, { ...day, hour: "numeric", minute: "2-digit" });
}
