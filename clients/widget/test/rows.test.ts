// Each message once, whatever is known of it, and from whom.
import type { Message, QueueEntry } from "@rapport/client/light";
import { expect, test } from "vitest";
import { lengthOf, missing } from "../src/app/model/form";
import { begins, linked, rowsOf } from "../src/app/model/rows";

const message = (seq: number, kind: "CUSTOMER" | "MEMBER", text: string): Message => ({
  messageId: `message_${seq}`,
  chatId: "chat_1",
  seq,
  sender: { kind: `SENDER_KIND_${kind}`, id: "", name: kind === "MEMBER" ? "Ada" : "" },
  text,
  internal: false,
  sentAt: `2026-01-05T09:3${seq}:00Z`,
});
const entry = (requestId: string, text: string, state: QueueEntry["state"]): QueueEntry =>
  ({
    requestId,
    area: "chats",
    rpc: "sendMessage",
    request: { text },
    lane: "chat_1",
    createdAt: 0,
    place: 1,
    state,
  }) as QueueEntry;

test("what is stored comes first, what is known by its request id stands once, and keeps its key", () => {
  const rows = rowsOf({
    messages: [message(1, "CUSTOMER", "one"), message(2, "MEMBER", "two"), message(3, "CUSTOMER", "three")],
    entries: [entry("r3", "three", "sending"), entry("r4", "four", "waiting")],
    requestIds: new Map([["message_3", "r3"]]),
    staffReadSeq: 1,
  });
  expect(rows.map(({ key, text, state, isMine }) => [key, text, state, isMine])).toEqual([
    ["message_1", "one", "seen", true],
    ["message_2", "two", "sent", false],
    ["r3", "three", "sent", true],
    ["r4", "four", "waiting", true],
  ]);
});

test("what was stored before a reload and not acknowledged stands once, unless it is another of the same words", () => {
  const stored = message(1, "CUSTOMER", "ok");
  const parts = { messages: [stored], requestIds: new Map<string, string>(), staffReadSeq: 0 };
  const before = { ...entry("r1", "ok", "sending"), createdAt: Date.parse("2026-01-05T09:30:59Z") };
  const later = { ...entry("r2", "ok", "waiting"), createdAt: Date.parse("2026-01-05T09:40:00Z") };
  expect(rowsOf({ ...parts, entries: [before] })).toHaveLength(1);
  expect(rowsOf({ ...parts, entries: [later] })).toHaveLength(2);
  expect(rowsOf({ ...parts, entries: [{ ...before, state: "failed" }] })).toHaveLength(2);
  expect(rowsOf({ ...parts, requestIds: new Map([["message_1", "r0"]]), entries: [before] })).toHaveLength(2);
});

test("a group ends with another side and with time", () => {
  const rows = rowsOf({
    messages: [
      message(1, "MEMBER", "a"),
      message(2, "MEMBER", "b"),
      message(9, "MEMBER", "c"),
      { ...message(9, "CUSTOMER", "d"), seq: 10 },
    ],
    entries: [],
    requestIds: new Map(),
    staffReadSeq: 0,
  });
  expect(rows.map((row, at) => begins(row, rows[at - 1]))).toEqual([true, false, true, true]);
});

test("only what is an address of the web is a link, without the sentence around it", () => {
  expect(linked("See (https://a.example/b?c=d), or javascript:alert(1).")).toEqual([
    { text: "See (" },
    { text: "https://a.example/b?c=d", href: "https://a.example/b?c=d" },
    { text: "), or javascript:alert(1)." },
  ]);
  expect(linked("nothing")).toEqual([{ text: "nothing" }]);
});

test("a form says what it lacks, in its order", () => {
  const form = { name: " ", email: "vera@", departmentId: "", text: "\n" };
  expect([...missing(form, { name: true, email: true })]).toEqual([
    ["name", "needName"],
    ["email", "needEmail"],
    ["text", "needText"],
  ]);
  expect(missing({ ...form, text: "Hi" }, { name: false, email: false }).size).toBe(0);
  expect(missing({ ...form, text: "🌱".repeat(8_001) }, { name: false, email: false }).get("text")).toBe("faultTooLong");
  expect(lengthOf("🌱🌱")).toBe(2);
});
