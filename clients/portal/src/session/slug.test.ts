import { expect, test } from "vitest";
import { slugOf } from "./slug";

test.each([
  ["Fern & Field", "fern-field"],
  ["  Ñandú Café 24  ", "nandu-cafe-24"],
  ["نور", ""],
  ["a".repeat(60), "a".repeat(40)],
  [`${"a".repeat(39)} b`, "a".repeat(39)],
])("%s is %s", (name, slug) => {
  expect(slugOf(name)).toBe(slug);
});
