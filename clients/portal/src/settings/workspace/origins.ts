/** Origins as people write them: one a line, perhaps with a path that they copied along. */

/** The lines that say something, as origins where they are addresses. */
export function originsOf(text: string): string[] {
  return [...new Set(lines(text).map((line) => originOf(line) ?? line))];
}

/** The lines that are no origin. */
export function refused(text: string): string[] {
  return lines(text).filter((line) => !originOf(line));
}

function lines(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .map((line) => line.trim())
    .filter(Boolean);
}

function originOf(line: string): string | undefined {
  if (!/^https?:\/\//i.test(line) || !URL.canParse(line)) return undefined;
  return new URL(line).origin;
}
