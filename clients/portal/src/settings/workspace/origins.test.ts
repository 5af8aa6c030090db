import { expect, test } from "vitest";
import { originsOf, refused } from "./origins";

test("each line is an origin, whatever was copied along, once", () => {
  expect(originsOf("https://Shop.Example/cart?x=1\n\n http://localhost:3000/, https://shop.example")).toEqual([
    "https://shop.example",
    "http://localhost:3000",
  ]);
});

test("what is no address is named as it was typed", () => {
  expect(refused("https://a.example\nshop.example\nftp://b.example https://")).toEqual([
    "shop.example",
    "ftp://b.example",
    "https://",
  ]);
  expect(refused(" \n")).toEqual([]);
});
