import { expect, test } from "vitest";
import { differing } from "./useEdit";

test("only what was changed is sent; what was typed back is not", () => {
  const stored = { name: "Acme", list: ["a", "b"], on: true };
  expect(differing(stored, { name: "Acme", list: ["a"], on: true })).toEqual({ list: ["a"] });
  expect(differing(stored, { list: ["a", "b"] })).toEqual({});
});
