// Whatever color a workspace chooses can be read.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { contrast, FALLBACK, SURFACES, themeOf } from "../src/app/model/theme";

const STEPS = ["00", "22", "44", "66", "77", "88", "99", "bb", "dd", "ff"];
const COLORS = STEPS.flatMap((r) => STEPS.flatMap((g) => STEPS.map((b) => `#${r}${g}${b}`)));

test("the contrast is that of WCAG", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 5);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.478, 2);
});

test("every color is written on and written with so that it can be read", () => {
  for (const color of COLORS) {
    const theme = themeOf(color);
    expect(contrast(theme.brand, theme.onBrand), color).toBeGreaterThanOrEqual(4.5);
    expect(contrast(theme.accentLight, SURFACES.light), color).toBeGreaterThanOrEqual(4.5);
    expect(contrast(theme.accentDark, SURFACES.dark), color).toBeGreaterThanOrEqual(4.5);
  }
});

test("a color that can be read stays as it was chosen", () => {
  expect(themeOf("#2F6B4A")).toMatchObject({ brand: "#2f6b4a", onBrand: "#ffffff", accentLight: "#2f6b4a" });
});

test("what is no color is the usual one", () => {
  for (const color of ["", "red", "#12", "url(x)"]) expect(themeOf(color).brand).toBe(FALLBACK);
});

test("the surfaces are those of the style", () => {
  const style = readFileSync(join(import.meta.dirname, "../src/app/styles/base.css"), "utf8");
  expect([...style.matchAll(/--soft: (#\w+)/g)].map(([, color]) => color)).toEqual([SURFACES.light, SURFACES.dark]);
});
