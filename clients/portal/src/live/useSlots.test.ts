import { expect, test } from "vitest";
import { type Slot, settle } from "./useSlots";

const items = (...keys: string[]) => keys.map((key) => ({ key }));
const told = (slots: readonly Slot<{ readonly key: string }>[]) => slots.map(({ slot, item }) => `${slot}${item.key}`).join(" ");

test("while the list moves, what comes takes the element of what goes, and nothing else is touched", () => {
  const first = settle([], items("a", "b", "c", "d"), false);
  expect(told(first)).toBe("0a 1b 2c 3d");
  const second = settle(first, items("c", "d", "e", "f"), true);
  expect(told(second)).toBe("0e 1f 2c 3d");
  const third = settle(second, items("d", "e", "f", "g", "h"), true);
  expect(told(third)).toBe("0e 1f 2g 3d 4h");
  const fourth = settle(third, items("x", "y"), true);
  expect(told(fourth)).toBe("0x 1y");
  expect(told(settle(fourth, items("x", "y", "z", "a"), true))).toBe("0x 1y 2z 3a");
});

test("when it stands still, the elements stand in the order of the list", () => {
  const moved = settle(settle([], items("a", "b", "c", "d"), false), items("c", "d", "e", "f"), true);
  expect(told(settle(moved, items("c", "d", "e", "f"), false))).toBe("2c 3d 0e 1f");
  expect(told(settle(moved, items("d", "a", "c"), false))).toBe("3d 0a 2c");
});

test("an element that went leaves its number to the next that comes", () => {
  const fewer = settle(settle([], items("a", "b", "c"), false), items("a", "c"), false);
  expect(told(fewer)).toBe("0a 2c");
  expect(told(settle(fewer, items("a", "c", "d", "e"), false))).toBe("0a 2c 1d 3e");
});
