// What the portal and the widget say, in each language, by the keys of their own texts.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { flatten } from "../../portal/src/i18n/flatten";
import { en } from "../../widget/src/app/texts/en";
import { es } from "../../widget/src/app/texts/es";

export type Language = "en" | "es";
export type Values = Readonly<Record<string, string | number>>;

const portal = (language: Language) =>
  flatten(JSON.parse(readFileSync(resolve(import.meta.dirname, `../../portal/src/i18n/${language}.json`), "utf8")));

export const PORTAL = { en: portal("en"), es: portal("es") };
export const WIDGET = { en: new Map<string, string>(Object.entries(en)), es: new Map<string, string>(Object.entries(es)) };

/** A text with its gaps filled. */
export function say(texts: ReadonlyMap<string, string>, key: string, values: Values = {}): string {
  const text = texts.get(key);
  if (text === undefined) throw new Error(`there is no text "${key}"`);
  return text.replace(/\{\{?\s*(\w+)\s*\}?\}/g, (gap, name: string) => String(values[name] ?? gap));
}

const LETTERS = /\p{L}{2}/u;

/** Texts that are English and nothing else: what is shown of them to who reads Spanish was forgotten. */
export class Foreign {
  readonly #whole = new Set<string>();
  readonly #patterns: RegExp[] = [];

  constructor(texts: Readonly<Record<Language, ReadonlyMap<string, string>>>) {
    const spanish = new Set(texts.es.values());
    for (const text of texts.en.values()) {
      if (spanish.has(text) || !LETTERS.test(text)) continue;
      const parts = text.split(/\{\{?\s*\w+\s*\}?\}/);
      if (parts.length === 1) this.#whole.add(text);
      else if (parts.some((part) => LETTERS.test(part)))
        this.#patterns.push(new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".+")}$`));
    }
  }

  /** Those of the texts that are. */
  among(shown: readonly string[]): string[] {
    const parts = shown.flatMap((text) => [text, ...text.split(" · ")]).map((text) => text.trim());
    return [...new Set(parts)].filter((text) => this.#whole.has(text) || this.#patterns.some((pattern) => pattern.test(text)));
  }
}
