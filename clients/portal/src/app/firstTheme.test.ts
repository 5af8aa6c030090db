// The script before the page and the page itself see the same theme.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { afterEach, expect, test, vi } from "vitest";

const script = readFileSync(join(import.meta.dirname, "firstTheme.js"), "utf8");

function page(kept: string | null, isDark: boolean) {
  const dataset: { theme?: string } = {};
  return {
    dataset,
    document: { documentElement: { dataset } },
    localStorage: { getItem: (key: string) => (key === "rapport-theme" ? kept : null) },
    matchMedia: () => ({ matches: isDark, addEventListener: () => undefined }),
    addEventListener: () => undefined,
  };
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

test.each([
  [null, false, "light"],
  [null, true, "dark"],
  ["system", true, "dark"],
  ["dark", false, "dark"],
  ["light", true, "light"],
  ["of tomorrow", false, "light"],
] as const)("what was chosen is %s, the system is dark: %s", async (kept, isDark, theme) => {
  const before = page(kept, isDark);
  runInNewContext(script, before);
  expect(before.dataset.theme).toBe(theme);
  const after = page(kept, isDark);
  for (const [name, value] of Object.entries(after)) vi.stubGlobal(name, value);
  (await import("./theme")).startTheme();
  expect(after.dataset.theme).toBe(theme);
});

test("a browser that keeps nothing has the system's theme", () => {
  const forbids = () => {
    throw new Error("denied");
  };
  const before = { ...page(null, true), localStorage: { getItem: forbids } };
  runInNewContext(script, before);
  expect(before.dataset.theme).toBe("dark");
});
