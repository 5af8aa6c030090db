import { expect, test } from "vitest";
import { contrast, inkOn, isColor } from "./color";

test("contrast is as WCAG reckons it", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 5);
  expect(contrast("#2563eb", "#ffffff")).toBeCloseTo(5.17, 2);
});

test("the ink is what reads better", () => {
  expect([inkOn("#2563eb"), inkOn("#fde047")]).toEqual(["#ffffff", "#000000"]);
});

test("a colour is six digits", () => {
  expect(["#2563EB", "#fff", "2563eb", "#2563ebff"].map(isColor)).toEqual([true, false, false, false]);
});
