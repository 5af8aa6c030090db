/** Tags as they are typed. */

/** As many as a ticket may have, and as many characters as one may have. */
export const MOST_TAGS = 20;
export const LONGEST_TAG = 50;

/** The words of what was typed, apart by commas, that the ticket does not have yet; no more than there is room for. */
export function newTags(typed: string, has: readonly string[]): string[] {
  const words = typed
    .split(",")
    .map((word) => [...word.trim()].slice(0, LONGEST_TAG).join("").trim())
    .filter((word) => word !== "" && !has.includes(word));
  return [...new Set(words)].slice(0, Math.max(0, MOST_TAGS - has.length));
}
