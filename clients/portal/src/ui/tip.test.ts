import { expect, test } from "vitest";
import { placeTip } from "./tip";

const page = { width: 400, height: 300 };
const small = { width: 80, height: 20 };
const at = (left: number, top: number) => ({ left, top, width: 40, height: 40 });

test("a tip stands in the middle of the side it is to have", () => {
  expect(placeTip(at(200, 100), small, page)).toEqual({ left: 180, top: 146 });
  expect(placeTip(at(200, 100), small, page, "top")).toEqual({ left: 180, top: 74 });
  expect(placeTip(at(200, 100), small, page, "right")).toEqual({ left: 246, top: 110 });
  expect(placeTip(at(200, 100), small, page, "left")).toEqual({ left: 114, top: 110 });
});

test("without room there it stands at the other side, and nothing of it is beyond the edge", () => {
  expect(placeTip(at(200, 256), small, page)).toEqual({ left: 180, top: 230 });
  expect(placeTip(at(350, 100), small, page, "right")).toEqual({ left: 264, top: 110 });
  expect(placeTip(at(356, 0), small, page)).toEqual({ left: 312, top: 46 });
  expect(placeTip(at(0, 0), small, page, "top")).toEqual({ left: 8, top: 46 });
});
