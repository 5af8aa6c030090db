/** Finds by a few letters. Begins with, then a word begins with, then contains, then the letters in order. */

/** How well it matches: the higher the better, 0 not at all. */
export function match(query: string, text: string): number {
  const wanted = plain(query);
  const given = plain(text);
  if (!wanted) return 1;
  if (given.startsWith(wanted)) return 5;
  if (given.split(/\s+/).some((word) => word.startsWith(wanted))) return 4;
  if (wanted.split(/\s+/).every((part) => given.split(/\s+/).some((word) => word.startsWith(part)))) return 3;
  if (given.includes(wanted)) return 2;
  let place = 0;
  for (const letter of given) if (letter === wanted[place]) place += 1;
  return wanted.length > 2 && place === wanted.length ? 1 : 0;
}

/** What matches, the best first, equals as they stood. */
export function rank<T>(query: string, items: readonly T[], textOf: (item: T) => string): T[] {
  return items
    .map((item) => ({ item, score: match(query, textOf(item)) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .map(({ item }) => item);
}

/** Without case and accents. */
function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
}
