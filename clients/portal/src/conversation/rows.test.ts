import type { Chat, Message, QueueEntry } from "@rapport/client";
import { expect, test } from "vitest";
import { rowsOf } from "./rows";

const chat = {
  chatId: "chat_a",
  state: "CHAT_STATE_CLOSED",
  assignee: { memberId: "member_a", name: "Ada" },
  createdAt: "2026-03-01T10:00:00Z",
  claimedAt: "2026-03-01T10:01:30Z",
  closedAt: "2026-03-02T12:00:00Z",
} as Chat;

function message(seq: number, sentAt: string, id = "visitor_v", internal = false): Message {
  return {
    messageId: `message_${seq}`,
    chatId: "chat_a",
    seq,
    sentAt,
    internal,
    text: `${seq}`,
    sender: { kind: "SENDER_KIND_CUSTOMER", id, name: "" },
  };
}

const messages = [
  message(1, "2026-03-01T10:00:00.5Z"),
  message(2, "2026-03-01T10:01:00Z"),
  message(3, "2026-03-01T10:02:00Z"),
  message(4, "2026-03-01T10:03:00Z", "member_a"),
  message(5, "2026-03-01T10:03:30Z", "member_a", true),
  message(6, "2026-03-02T11:00:00Z", "member_a", true),
];

/** Rows in few characters. */
function told(shown: Partial<Parameters<typeof rowsOf>[0]>): string[] {
  return rowsOf({ chat, messages, isWhole: true, outbox: [], ...shown }).flatMap((row) => {
    const day = row.day ? ["day"] : [];
    if (row.kind === "message") return [...day, `${row.message.seq}${row.isFirst ? " first" : ""}${row.isLast ? " last" : ""}`];
    return [...day, row.kind === "happening" ? row.what : `pending ${row.text}`];
  });
}

test("days, groups and happenings stand where they belong", () => {
  expect(told({})).toEqual([
    "day",
    "opened",
    "1 first",
    "2 last",
    "claimed",
    "3 first last",
    "4 first last",
    "5 first last",
    "day",
    "6 first last",
    "closed",
  ]);
});

test("of a chat that is read in part, only what happened since is told", () => {
  expect(told({ messages: messages.slice(3), isWhole: false })).toEqual([
    "day",
    "4 first last",
    "5 first last",
    "day",
    "6 first last",
    "closed",
  ]);
});

test("what is not sent stands last; other calls of the chat do not show", () => {
  const entry = (rpc: string, text: string) =>
    ({ requestId: text, rpc, request: { chatId: "chat_a", text } }) as unknown as QueueEntry;
  expect(told({ messages: [], outbox: [entry("sendMessage", "a"), entry("createTicket", "b")] }).slice(-2)).toEqual([
    "closed",
    "pending a",
  ]);
});

test("a row keeps its key when older ones come in", () => {
  const part = rowsOf({ chat, messages: messages.slice(3), isWhole: false, outbox: [] });
  const whole = rowsOf({ chat, messages, isWhole: true, outbox: [] });
  expect(whole.map(({ key }) => key).slice(-part.length)).toEqual(part.map(({ key }) => key));
});

test("each row has a key of its own", () => {
  const keys = rowsOf({ chat, messages, isWhole: true, outbox: [] }).map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
});
