// No text is left untranslated: neither a key of a language, nor a word that stands in the code beside the texts.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { en } from "../src/app/texts/en";
import { es } from "../src/app/texts/es";
import { choose, locale, t, timeText, unreadText } from "../src/app/texts/index";

afterEach(() => {
  locale.value = "en";
});

const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

test("every text has a translation with the same places to fill", () => {
  expect(Object.keys(es)).toEqual(Object.keys(en));
  for (const key of Object.keys(en) as (keyof typeof en)[]) {
    expect(es[key].trim(), key).not.toBe("");
    expect(es[key], `${key} is the same in both languages`).not.toBe(en[key]);
    expect(placeholders(es[key]), key).toEqual(placeholders(en[key]));
  }
});

test("no view has words of its own", () => {
  const folder = join(import.meta.dirname, "../src/app/views");
  for (const file of readdirSync(folder)) {
    const source = readFileSync(join(folder, file), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    const between = [...source.matchAll(/>([^<>{}]*)</g)].map(([, text]) => text?.trim() ?? "");
    const attributes = [...source.matchAll(/\b(?:aria-label|title|placeholder|alt)="([^"]*)"/g)].map(([, text]) => text ?? "");
    const words = [...between, ...attributes].filter((text) => /\p{L}{2,}/u.test(text) && !/[=;()]|&&/.test(text));
    expect(words, file).toEqual([]);
  }
});

test("every text is used", () => {
  const folder = join(import.meta.dirname, "../src/app");
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file) && !/texts.(en|es)\.ts$/.test(file))
    .map((file) => readFileSync(join(folder, file), "utf8"))
    .join("\n");
  expect(Object.keys(en).filter((key) => !sources.includes(`"${key}"`))).toEqual([]);
});

test("the first language that is spoken is chosen, English where none is", () => {
  expect(choose(["de-DE", "es-MX", "en"])).toBe("es-MX");
  expect(choose(["de", "fr"])).toBe("en");
  expect(choose([])).toBe("en");
});

test("texts are filled, counted and timed in the language", () => {
  expect(unreadText(0)).toBe("");
  expect(unreadText(1)).toBe("1 unread message");
  expect(unreadText(12)).toBe("12 unread messages");
  locale.value = "es";
  expect(unreadText(12)).toBe("12 mensajes sin leer");
  expect(t("typing", { name: "Ada" })).toBe("Ada está escribiendo…");
  expect(timeText("2026-01-05T09:30:00Z", new Date("2026-01-06T09:00:00Z"))).toMatch(/5 ene/);
});
