// Every text of the portal is translated, used, and outside the code; every reason of the contract has words.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import en from "./en.json";
import es from "./es.json";
import { flatten, placeholders, type Texts } from "./flatten";
import { readSources } from "./sources";

const english = flatten(en as Texts);
const spanish = flatten(es as Texts);
const sources = readSources(resolve(import.meta.dirname, ".."));

/** Words that are the same in both languages. */
const SAME = new Set([
  "app.name",
  "commands.groups.general",
  "settings.widget.color",
  "settings.widget.title",
  "inbox.says",
  "tickets.chat",
  "tickets.priority.TICKET_PRIORITY_NORMAL",
]);

/** The key as the code writes it, without what a count adds. */
const stem = (key: string) => key.replace(/_(zero|one|two|few|many|other)$/, "");

test("both languages have the same keys with the same gaps", () => {
  const gaps = (texts: ReadonlyMap<string, string>) =>
    [...new Set([...texts].map(([key, text]) => [stem(key), ...placeholders(text)].join(" ")))].sort();
  expect(gaps(spanish)).toEqual(gaps(english));
});

test("every count has all the forms its language has", () => {
  const counted = (texts: ReadonlyMap<string, string>) => [
    ...new Set([...texts.keys()].filter((key) => key !== stem(key)).map(stem)),
  ];
  const lacking = (language: string, texts: ReadonlyMap<string, string>) => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    return counted(texts)
      .flatMap((key) => forms.map((form) => `${key}_${form}`))
      .filter((key) => !texts.has(key));
  };
  expect(counted(english).length).toBeGreaterThan(0);
  expect(lacking("en", english)).toEqual([]);
  expect(lacking("es", spanish)).toEqual([]);
});

test("nothing is left untranslated or empty", () => {
  const left = [...english].filter(([key, text]) => spanish.get(key) === text && !SAME.has(key) && /\p{L}{2}/u.test(text));
  expect(left.map(([key]) => key)).toEqual([]);
  expect([...english, ...spanish].filter(([, text]) => text.trim() === "")).toEqual([]);
});

test("every key that the code asks for is there", () => {
  const known = new Set([...english.keys()].map(stem));
  const missing = sources.flatMap(({ path, asked }) => asked.filter((key) => !known.has(key)).map((key) => `${path}: ${key}`));
  expect(missing).toEqual([]);
});

test("every key that is there is asked for", () => {
  const named = new Set(sources.flatMap(({ strings }) => [...strings]));
  const begun = sources.flatMap(({ patterns }) => patterns);
  const unused = [...english.keys()].map(stem).filter((key) => !named.has(key) && !begun.some((pattern) => pattern.test(key)));
  expect(unused).toEqual([]);
});

test("no text that people read stands in the code", () => {
  expect(sources.flatMap(({ path, literals }) => literals.map((text) => `${path}: ${text}`))).toEqual([]);
});

test("every reason of the contract has words", async () => {
  const proto = readFileSync(resolve(import.meta.dirname, "../../../../proto/rapport/errors/v1/reason.proto"), "utf8");
  const reasons = [...proto.matchAll(/^ {2}REASON_(\w+) = \d+/gm)]
    .map(([, name]) => name ?? "")
    .filter((name) => name !== "UNSPECIFIED");
  expect(reasons.length).toBeGreaterThan(50);
  const { SAME: alike } = await import("@/errors/explain");
  expect(reasons.filter((reason) => !english.has(`errors.${alike[reason] ?? reason}`))).toEqual([]);
});
