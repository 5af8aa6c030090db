import { expect, test } from "vitest";
import { Keys, type Press } from "./keys";
import type { Command } from "./registry";

const command = (keys: string, more: Partial<Command> = {}): Command => ({
  id: keys,
  label: keys,
  group: "",
  keys,
  run: () => undefined,
  ...more,
});
const commands = [command("mod+k", { whileTyping: true }), command("g i"), command("i"), command("?"), command("shift+x")];
const press = (key: string, more: Partial<Press> = {}): Press => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  at: 0,
  typing: false,
  ...more,
});
const found = (presses: readonly Press[], single = true) => {
  const keys = new Keys();
  return presses.map((each) => keys.find(each, commands, single)?.id);
};

test("a chord is Ctrl or Command, also while typing", () => {
  expect(found([press("k", { ctrlKey: true }), press("k", { metaKey: true, typing: true })])).toEqual(["mod+k", "mod+k"]);
});

test("a sequence is two keys in time; the second alone is itself", () => {
  expect(found([press("g"), press("i", { at: 900 })])).toEqual([undefined, "g i"]);
  expect(found([press("g"), press("i", { at: 1300 })])).toEqual([undefined, "i"]);
  expect(found([press("i"), press("i")])).toEqual(["i", "i"]);
});

test("a sign needs its shift, a letter means it", () => {
  expect(found([press("?", { shiftKey: true }), press("X", { shiftKey: true }), press("x")])).toEqual([
    "?",
    "shift+x",
    undefined,
  ]);
});

test("single keys are silent while typing and where they are turned off", () => {
  expect(found([press("i", { typing: true })])).toEqual([undefined]);
  expect(found([press("i"), press("k", { ctrlKey: true })], false)).toEqual([undefined, "mod+k"]);
});
