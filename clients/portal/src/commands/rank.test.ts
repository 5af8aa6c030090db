import { expect, test } from "vitest";
import { rank } from "./rank";

const places = ["Go to inbox", "Inbox settings", "Customers", "Configuración", "Keyboard shortcuts"];
const found = (query: string) => rank(query, places, (place) => place);

test("the beginning counts most, then a word, then letters in order", () => {
  expect(found("inbox")).toEqual(["Inbox settings", "Go to inbox"]);
  expect(found("go in")).toEqual(["Go to inbox"]);
  expect(found("kbs")).toEqual(["Keyboard shortcuts"]);
});

test("case and accents do not count", () => {
  expect(found("CONFIGURACION")).toEqual(["Configuración"]);
});

test("nothing asked is everything, nothing found is nothing", () => {
  expect(found(" ")).toEqual(places);
  expect(found("zz")).toEqual([]);
});
