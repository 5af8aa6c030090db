/** Colors made from the one the workspace chose, so that whatever it chose can be read (WCAG 2.2: 4.5 to 1). */

export interface Theme {
  readonly brand: string;
  /** What is written on it. */
  readonly onBrand: string;
  /** The brand as a color of text and lines, on the light and on the dark surface. */
  readonly accentLight: string;
  readonly accentDark: string;
}

export const FALLBACK = "#2f5bea";
const INK = "#000000";
const WHITE = "#ffffff";
/** The darkest of the light surfaces and the lightest of the dark ones; the same as in `base.css`. */
export const SURFACES = { light: "#f4f5f7", dark: "#262a33" } as const;
const READABLE = 4.5;

type Rgb = readonly [number, number, number];

function parse(hex: string): Rgb | undefined {
  const long = /^#?([0-9a-f]{6})$/i.exec(hex.trim())?.[1];
  if (!long) return undefined;
  return [0, 2, 4].map((at) => Number.parseInt(long.slice(at, at + 2), 16)) as unknown as Rgb;
}

function print(rgb: Rgb): string {
  return `#${rgb.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}

function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(one: string, other: string): number {
  const [a, b] = [one, other].map((hex) => luminance(parse(hex) ?? [0, 0, 0])) as [number, number];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  return from.map((part, at) => part + ((to[at] ?? 0) - part) * share) as unknown as Rgb;
}

/** The color moved towards another, no further than needed to be read on the surface. */
function toward(color: Rgb, target: Rgb, surface: string): string {
  for (let share = 0; share < 1; share += 0.04) {
    const hex = print(mix(color, target, share));
    if (contrast(hex, surface) >= READABLE) return hex;
  }
  return print(target);
}

export function themeOf(color: string): Theme {
  const rgb = parse(color) ?? parse(FALLBACK) ?? [0, 0, 0];
  const brand = print(rgb);
  return {
    brand,
    // One of the two can always be read; white where it can, for that is what people expect on a color.
    onBrand: contrast(brand, WHITE) >= READABLE ? WHITE : INK,
    accentLight: toward(rgb, [0, 0, 0], SURFACES.light),
    accentDark: toward(rgb, [255, 255, 255], SURFACES.dark),
  };
}

/** Puts it on the page; through the CSSOM, which a strict policy allows. */
export function wear(theme: Theme, style: CSSStyleDeclaration): void {
  style.setProperty("--brand", theme.brand);
  style.setProperty("--on-brand", theme.onBrand);
  style.setProperty("--accent-light", theme.accentLight);
  style.setProperty("--accent-dark", theme.accentDark);
}
