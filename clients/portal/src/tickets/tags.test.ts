import { expect, test } from "vitest";
import { newTags } from "./tags";

test("tags are apart by commas, each once, without those that are there", () => {
  expect(newTags(" refund ,vip,, refund, two words ", ["vip"])).toEqual(["refund", "two words"]);
  expect(newTags(" , ", [])).toEqual([]);
});

test("a tag is at most 50 characters, a ticket has at most 20", () => {
  expect(newTags("🌱".repeat(60), [])).toEqual(["🌱".repeat(50)]);
  const nineteen = Array.from({ length: 19 }, (_, place) => `tag ${place}`);
  expect(newTags("a, b", nineteen)).toEqual(["a"]);
  expect(newTags("a, b", [...nineteen, "last"])).toEqual([]);
});
