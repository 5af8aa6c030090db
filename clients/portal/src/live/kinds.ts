/** Chats and tickets as collections know them. */
import type { Chat, LastMessage, Ticket } from "@rapport/client";
import type { Kind } from "./collection";

/** Numbers of a chat or a ticket that only grow, heard before the thing itself was read. */
export interface Marks {
  readonly lastSeq?: number;
  readonly customerReadSeq?: number;
  readonly staffReadSeq?: number;
}

/** The greatest of each. */
export function raise<T extends Marks>(known: T, marks: Marks): T {
  const higher = Object.entries(marks).filter(([name, seq]) => seq > (known[name as keyof Marks] ?? 0));
  return higher.length === 0 ? known : { ...known, ...Object.fromEntries(higher) };
}

/** Ids are ordered by time, as the server's list is. */
export const chatKind: Omit<Kind<Chat>, "arrive"> = {
  id: (chat) => chat.chatId,
  revision: (chat) => chat.revision,
  place: (chat) => chat.chatId,
  merge(known, read) {
    const newest = read.revision >= known.revision ? read : known;
    const lastMessage = later(known.lastMessage, read.lastMessage);
    // The revision does not count them.
    return same(known, raise(raise({ ...newest, lastMessage }, marksOf(known)), marksOf(read)));
  },
};

export const ticketKind: Omit<Kind<Ticket>, "arrive"> = {
  id: (ticket) => ticket.ticketId,
  revision: (ticket) => ticket.revision,
  place: (ticket) => ticket.number,
  merge(known, read) {
    const newest = read.revision >= known.revision ? read : known;
    return same(known, raise(raise(newest, { lastSeq: known.lastSeq }), { lastSeq: read.lastSeq }));
  },
};

function marksOf({ lastSeq, customerReadSeq, staffReadSeq }: Chat): Marks {
  return { lastSeq, customerReadSeq, staffReadSeq };
}

/** The one further on in its chat. An event's chat has none. */
export function later<M extends LastMessage>(one: M | undefined, other: M | undefined): M | undefined {
  return one && other ? (one.seq >= other.seq ? one : other) : (one ?? other);
}

/** The known one where the other says the same, so that nobody draws it again. */
function same<T>(known: T, now: T): T {
  return JSON.stringify(known) === JSON.stringify(now) ? known : now;
}

/** What of a chat nobody of the staff has read. */
export function unread(chat: Chat): number {
  return Math.max(0, chat.lastSeq - chat.staffReadSeq);
}
