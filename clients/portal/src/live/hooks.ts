/** What a component sees of the world: drawn again when just that has changed. */
import type { Chat, Comment, LastMessage, Message, QueueEntry, Ticket } from "@rapport/client";
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { client } from "@/app/client";
import type { View } from "./collection";
import { reader, world } from "./desk";
import { type ChatFilter, keyOf, matchesChat, matchesTicket, type TicketFilter } from "./filters";
import { hasOlder, type Thread } from "./thread";
import { type Reading, useReading } from "./useReading";
import type { Writer } from "./world";

function useTopic<T>(topic: string, snapshot: () => T): T {
  return useSyncExternalStore(
    useCallback((changed: () => void) => world.topics.listen(topic, changed), [topic]),
    snapshot,
  );
}

export interface List extends Reading {
  readonly view: View;
  /** Reads the next page, where there is one. */
  more(): void;
}

function useList(key: string, view: View, page: () => Promise<void>): List {
  const [wanted, setWanted] = useState("");
  const isWanted = !view.isBegun || (wanted === `${key}${view.next}` && !view.isComplete);
  const reading = useReading(key, isWanted, page);
  const more = useCallback(() => setWanted(`${key}${view.next}`), [key, view.next]);
  return { ...reading, view, more };
}

export function useChatList(filter: ChatFilter): List {
  const key = keyOf(filter);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the filter
  const matches = useMemo(() => matchesChat(filter), [key]);
  const view = useTopic(`chat-view:${key}`, () => world.chats.view(key, matches));
  return useList(key, view, () => reader.chats(filter));
}

export function useTicketList(filter: TicketFilter): List {
  const key = keyOf(filter);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the filter
  const matches = useMemo(() => matchesTicket(filter), [key]);
  const view = useTopic(`ticket-view:${key}`, () => world.tickets.view(key, matches));
  return useList(key, view, () => reader.tickets(filter));
}

/** A chat that is known already. */
export function useKnownChat(chatId: string): Chat | undefined {
  return useTopic(`chat:${chatId}`, () => world.chats.get(chatId));
}

export function useChat(chatId: string): Reading & { readonly chat: Chat | undefined } {
  const chat = useKnownChat(chatId);
  const reading = useReading(chatId, chat === undefined, () => reader.chat(chatId));
  return { ...reading, chat };
}

export function useKnownTicket(ticketId: string): Ticket | undefined {
  return useTopic(`ticket:${ticketId}`, () => world.tickets.get(ticketId));
}

export function useTicket(ticketId: string): Reading & { readonly ticket: Ticket | undefined } {
  const ticket = useKnownTicket(ticketId);
  const reading = useReading(ticketId, ticket === undefined, () => reader.ticket(ticketId));
  return { ...reading, ticket };
}

export function useLatest(chatId: string): LastMessage | undefined {
  return useTopic(`latest:${chatId}`, () => world.latest(chatId));
}

export function useWriters(chatId: string): readonly Writer[] {
  return useTopic(`typing:${chatId}`, () => world.writers(chatId));
}

export interface Messages extends Reading {
  readonly thread: Thread<Message>;
  readonly hasOlder: boolean;
  readonly older: Reading;
  readOlder(): void;
}

/** The messages of a chat from the newest upwards, without a hole. */
export function useMessages(chatId: string): Messages {
  const thread = useTopic(`messages:${chatId}`, () => world.messages(chatId));
  const chat = useKnownChat(chatId);
  const newest = useReading(chatId, !thread.isBegun, () => reader.messages(chatId));
  const lastSeq = chat?.lastSeq ?? 0;
  useReading(`${chatId}>${lastSeq}`, thread.isBegun && (thread.items.at(-1)?.seq ?? lastSeq) < lastSeq, () =>
    reader.missingMessages(chatId),
  );
  const first = thread.items[0]?.seq ?? 1;
  const [wanted, setWanted] = useState("");
  const older = useReading(`${chatId}<${first}`, wanted === `${chatId}<${first}`, () => reader.olderMessages(chatId));
  const readOlder = useCallback(() => setWanted(`${chatId}<${first}`), [chatId, first]);
  return { ...newest, thread, hasOlder: hasOlder(thread), older, readOlder };
}

export function useComments(ticketId: string): Reading & { readonly thread: Thread<Comment> } {
  const thread = useTopic(`comments:${ticketId}`, () => world.comments(ticketId));
  const reading = useReading(ticketId, !thread.isBegun, () => reader.comments(ticketId));
  return { ...reading, thread };
}

/** What of a chat or a ticket is not acknowledged yet, without what is here as an entry already. */
export function useOutbox(lane: string): readonly QueueEntry[] {
  const all = useSyncExternalStore(
    useCallback((changed: () => void) => client.queue.onChange(changed), []),
    () => client.queue.entries(),
  );
  // The event may come before the queue has dropped the entry: what has become a message is not shown as waiting besides.
  const settled = world.settledCount;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `settled` grows with what `isSettled` says
  return useMemo(() => all.filter((entry) => entry.lane === lane && !world.isSettled(entry.requestId)), [all, lane, settled]);
}

/** Whether events arrive. `false` only where they have not for a while: a socket that is changed is no outage. */
export function useIsOnline(): boolean {
  const isOpen = useSyncExternalStore(
    useCallback((changed: () => void) => client.live.onStatus(changed), []),
    () => client.live.status.state === "open",
  );
  const hasNetwork = useSyncExternalStore(onNetwork, () => navigator.onLine);
  const [isOnline, setOnline] = useState(true);
  useEffect(() => {
    if (isOpen) {
      setOnline(true);
      return;
    }
    const timer = setTimeout(() => setOnline(false), 3_000);
    return () => clearTimeout(timer);
  }, [isOpen]);
  return isOnline && hasNetwork;
}

function onNetwork(changed: () => void) {
  for (const name of ["online", "offline"]) addEventListener(name, changed);
  return () => {
    for (const name of ["online", "offline"]) removeEventListener(name, changed);
  };
}
