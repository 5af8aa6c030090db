/** The short name that goes with a name: `Fern & Field` is `fern-field`. Empty where nothing of it can stand in an address. */
const LONGEST = 40;

export function slugOf(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, LONGEST)
    .replace(/^-+|-+$/g, "");
}
