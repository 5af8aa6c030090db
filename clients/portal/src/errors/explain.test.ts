import { RapportError } from "@rapport/client";
import i18next from "i18next";
import { beforeAll, expect, test } from "vitest";
import en from "@/i18n/en.json";
import { explain } from "./explain";

const i18n = i18next.createInstance();
beforeAll(() => i18n.init({ lng: "en", resources: { en: { translation: en } }, interpolation: { escapeValue: false } }));

const told = (init: ConstructorParameters<typeof RapportError>[0]) => explain(i18n.t, new RapportError(init));

test("it is the reason that is told, never the server's words", () => {
  const { text } = told({ reason: "CHAT_TAKEN", message: "no", metadata: { assignee: "Ada & Co" } });
  expect(text).toBe("Ada & Co is answering this chat already.");
});

test("too much says when to come back, where that is known", () => {
  const wait = (retryAfter?: number) => told({ reason: "RATE_LIMITED", message: "", status: 429, retryable: true, retryAfter });
  expect(wait(1200).text).toBe("That was too much at once. Try again in 2 seconds.");
  expect(wait(300).text).toBe("That was too much at once. Try again in 1 second.");
  expect(wait().text).toBe("That was too much at once. Wait a moment and try again.");
});

test("fields are marked by their name in the request", () => {
  const violations = [{ field: "owner.email_address", description: "" }];
  expect(told({ reason: "FIELD_INVALID", message: "", violations }).fields).toEqual({
    "owner.emailAddress": "This is not accepted as it is.",
  });
});

test("what nobody knows is told as that, with an id to quote only where it is our fault", () => {
  expect(told({ reason: "OF_TOMORROW", message: "secret", requestId: "r" })).toMatchObject({
    text: en.errors.unknown,
    quote: "",
  });
  expect(explain(i18n.t, new TypeError("x is undefined")).text).toBe(en.errors.unknown);
  expect(told({ reason: "INTERNAL", message: "", requestId: "r-1" }).quote).toBe("r-1");
});

test("a server that is gone, slow or refuses a large text may be asked again or not", () => {
  const again = (reason: string, retryable = false) => told({ reason, message: "", retryable }).again;
  expect([again("NETWORK"), again("TIMEOUT"), again("CORE_UNAVAILABLE", true), again("REQUEST_TOO_LARGE")]).toEqual([
    true,
    true,
    true,
    false,
  ]);
});
