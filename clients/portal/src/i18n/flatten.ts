/** Texts by their whole key. */
export interface Texts {
  readonly [key: string]: string | Texts;
}

export function flatten(texts: Texts, before = ""): Map<string, string> {
  const all = Object.entries(texts).map(([key, text]) =>
    typeof text === "string" ? new Map([[before + key, text]]) : flatten(text, `${before}${key}.`),
  );
  return new Map(all.flatMap((part) => [...part]));
}

/** What is put into a text, ordered. */
export function placeholders(text: string): string[] {
  return [...text.matchAll(/\{\{\s*(\w+)/g)].map(([, name]) => name ?? "").sort();
}
