/** What a conversation is drawn as: days, messages in groups, what happened to the chat, and what is not sent yet. */
import type { Chat, Message, QueueEntry, SendMessageRequest } from "@rapport/client";

export type Happening = "opened" | "claimed" | "closed";

interface Any {
  readonly key: string;
  /** A moment of the day that begins with this row. Not a row of its own: it moves as older ones come in, and they must not move the rest. */
  readonly day?: string | undefined;
}

export type Row = Any &
  (
    | { readonly kind: "message"; readonly message: Message; readonly isFirst: boolean; readonly isLast: boolean }
    | { readonly kind: "pending"; readonly entry: QueueEntry; readonly text: string; readonly internal: boolean }
    | { readonly kind: "happening"; readonly what: Happening; readonly at: string; readonly chat: Chat }
  );

/** Messages of one person within this time are a group. */
const GROUP_MS = 5 * 60_000;

export interface Shown {
  readonly chat: Chat;
  readonly messages: readonly Message[];
  /** Whether the first of them is the chat's first. */
  readonly isWhole: boolean;
  readonly outbox: readonly QueueEntry[];
}

export function rowsOf({ chat, messages, isWhole, outbox }: Shown): Row[] {
  const rows: Row[] = [];
  const happenings = happeningsOf(chat, isWhole ? "" : (messages[0]?.sentAt ?? ""));
  let today = "";
  /** The moment where its day is another than that of the row before. */
  const day = (at: string) => {
    const its = new Date(at).toDateString();
    const isNew = its !== today;
    today = its;
    return isNew ? at : undefined;
  };
  let last: Message | undefined;
  for (const message of messages) {
    const sentAt = message.sentAt ?? "";
    for (let next = happenings[0]; next && !isBefore(sentAt, next.at); next = happenings[0]) {
      rows.push({ ...next, day: day(next.at) });
      happenings.shift();
      last = undefined;
    }
    const begins = day(sentAt);
    const isFirst = begins !== undefined || !last || !isOneGroup(last, message);
    const before = rows.at(-1);
    if (!isFirst && before?.kind === "message") rows[rows.length - 1] = { ...before, isLast: false };
    rows.push({ kind: "message", key: `message ${message.seq}`, day: begins, message, isFirst, isLast: true });
    last = message;
  }
  for (const next of happenings) rows.push({ ...next, day: day(next.at) });
  for (const entry of outbox) {
    if (entry.rpc !== "sendMessage") continue;
    const { text, internal = false } = entry.request as unknown as SendMessageRequest;
    rows.push({ kind: "pending", key: entry.requestId, entry, text, internal });
  }
  return rows;
}

function isOneGroup(one: Message, next: Message): boolean {
  const apart = Date.parse(next.sentAt ?? "") - Date.parse(one.sentAt ?? "");
  return one.sender?.id === next.sender?.id && one.internal === next.internal && apart < GROUP_MS;
}

/** What happened to the chat since that moment, oldest first. */
function happeningsOf(chat: Chat, since: string): Extract<Row, { kind: "happening" }>[] {
  const all: [Happening, string | undefined][] = [
    ["opened", chat.createdAt],
    ["claimed", chat.assignee ? chat.claimedAt : undefined],
    ["closed", chat.state === "CHAT_STATE_CLOSED" ? chat.closedAt : undefined],
  ];
  return all
    .flatMap(([what, at]) => (at && !isBefore(at, since) ? [{ kind: "happening" as const, key: what, what, at, chat }] : []))
    .sort((one, other) => (isBefore(one.at, other.at) ? -1 : 1));
}

/** By the moments: as texts, a whole second would come after its parts. */
function isBefore(one: string, other: string): boolean {
  return Date.parse(one) < Date.parse(other);
}
