/**
 * The visitor's chats as far as they are known, and which of them is looked at. No open one is ever out of reach: what is not looked at is
 * listed. Everything is taken by number (`revision`, `seq`), so that lists, events and answers may come in any order, and twice.
 */
import { computed, signal } from "@preact/signals";
import { type Chat, type Message, type QueueEntry, type StartChatRequest, uuid } from "@rapport/client/light";
import type { WidgetClient } from "./client";
import type { Drafts } from "./drafts";

/** Looked at instead of a chat: the form that begins one. */
const NEW = "new";
/** As many are asked for, the newest; nobody has begun so many since one that is open still. */
const MOST = 200;

export class Chats {
  readonly entries = signal<readonly QueueEntry[]>([]);
  readonly #known = signal<ReadonlyMap<string, Chat>>(new Map());
  /** The request ids of what was begun in this page. */
  readonly #own = new Set<string>();

  readonly #chosen = computed(() => this.#known.value.get(this.drafts.now.at));
  /** What is asked for and not there yet: of this page where it has asked, of another tab where that has. */
  readonly starting = computed((): readonly QueueEntry[] => {
    if (isOpen(this.#chosen.value)) return [];
    const all = this.entries.value.filter(({ rpc, state }) => rpc === "startChat" && state !== "failed");
    const own = all.filter(({ requestId }) => this.#own.has(requestId));
    return own.length > 0 ? own : all;
  });
  /** The one that is looked at. */
  readonly now = computed(() => (this.starting.value.length > 0 ? undefined : this.#chosen.value));
  /** Those that are not, and are to be reached: the newest first. */
  readonly others = computed(() =>
    [...this.#known.value.values()]
      .filter((chat) => chat.chatId !== this.drafts.now.at && (isOpen(chat) || isNew(chat) || this.#hasEntries(chat)))
      .sort((one, other) => ((one.createdAt ?? "") < (other.createdAt ?? "") ? 1 : -1)),
  );
  readonly unread = computed(() => this.others.value.filter(isNew).length);

  constructor(
    private readonly client: WidgetClient,
    private readonly drafts: Drafts,
  ) {
    const { live, queue } = client;
    queue.onChange(() => {
      this.entries.value = queue.entries().filter(({ area }) => area === "chats");
      for (const { requestId, state } of this.entries.peek()) if (state === "failed") this.#own.delete(requestId);
    });
    const sent = (entry: QueueEntry, answer: unknown) => {
      const { message, chat } = answer as { message?: Message; chat?: Chat };
      if (chat) this.#hear(chat, entry.requestId);
      if (message) this.#said(message);
    };
    queue.onSent(sent);
    // Any tab may send what was begun here.
    queue.onSentElsewhere(sent);
    live.on("chatUpdated", ({ chat }) => chat && this.#hear(chat));
    live.on("messageSent", ({ message, requestId }) => {
      if (!message) return;
      this.#said(message);
      if (this.#own.delete(requestId)) this.show(message.chatId);
    });
    live.on("messagesRead", ({ chatId, reader, seq }) => this.mark(chatId, reader?.kind === "SENDER_KIND_CUSTOMER", seq));
  }

  /** Reads which there are; where none is chosen, or what was chosen has ended before this page, it is the newest open one, or the last. */
  async read(): Promise<void> {
    const before = new Set(this.#known.peek().keys());
    const { chats } = await this.client.chats.listChats({ pageSize: MOST });
    const found = new Set(chats.map(({ chatId }) => chatId));
    // What is not there any more was a visitor's who is nobody now. One that was begun meanwhile is not meant.
    this.#known.value = new Map([...this.#known.peek()].filter(([chatId]) => found.has(chatId) || !before.has(chatId)));
    for (const chat of chats) this.#take(chat);
    const { at } = this.drafts.now;
    const chosen = this.#chosen.peek();
    const isBeginning = this.entries.peek().some(({ requestId }) => this.#own.has(requestId));
    if (at === NEW || isBeginning || isOpen(chosen) || (chosen && before.has(at))) return;
    this.show((chats.find(isOpen) ?? chats[0])?.chatId ?? "");
  }

  async start(request: Omit<StartChatRequest, "requestId">): Promise<void> {
    const requestId = uuid();
    // Before it is kept: from then on another tab may send it, and be answered.
    this.#own.add(requestId);
    try {
      await this.client.queue.add("chats", "startChat", { ...request, requestId }, { lane: "start" });
    } catch (thrown) {
      this.#own.delete(requestId);
      throw thrown;
    }
  }

  show(chatId: string): void {
    if (chatId === this.drafts.now.at) return;
    // What was typed while it was on its way belongs to it.
    const typed = this.drafts.answer("");
    this.drafts.changeAnswer("", "");
    if (typed) this.drafts.changeAnswer(chatId, typed);
    this.drafts.change({ at: chatId });
  }

  /** Leaves the one that is looked at for the form. */
  leave(): void {
    this.show(NEW);
  }

  /** Takes how far the visitor, or the staff, has read. */
  mark(chatId: string, isOwn: boolean, seq: number): void {
    const chat = this.#known.peek().get(chatId);
    const key = isOwn ? "customerReadSeq" : "staffReadSeq";
    if (chat && seq > chat[key]) this.#put({ ...chat, [key]: seq });
  }

  /** Takes a chat; one that is new is looked at, unless there is something open to look at, or on its way. */
  #hear(chat: Chat, requestId = ""): void {
    const isNews = !this.#known.peek().has(chat.chatId) && isOpen(chat);
    const isFree = !isOpen(this.#chosen.peek()) && this.#own.size === 0;
    const isOwn = this.#own.delete(requestId);
    this.#take(chat);
    if (isOwn || (isNews && isFree)) this.show(chat.chatId);
  }

  #take(chat: Chat): void {
    const known = this.#known.peek().get(chat.chatId) ?? chat;
    const { lastMessage = known.lastMessage } = chat;
    const last = (lastMessage?.seq ?? 0) < (known.lastMessage?.seq ?? 0) ? known.lastMessage : lastMessage;
    this.#put({
      ...(chat.revision < known.revision ? known : chat),
      ...(last && { lastMessage: last }),
      lastSeq: Math.max(chat.lastSeq, known.lastSeq),
      customerReadSeq: Math.max(chat.customerReadSeq, known.customerReadSeq),
      staffReadSeq: Math.max(chat.staffReadSeq, known.staffReadSeq),
    });
  }

  #said(message: Message): void {
    const { chatId, seq, sender } = message;
    const chat = this.#known.peek().get(chatId);
    if (chat && seq > (chat.lastMessage?.seq ?? 0))
      this.#put({ ...chat, lastMessage: message, lastSeq: Math.max(seq, chat.lastSeq) });
    if (sender?.kind === "SENDER_KIND_CUSTOMER") this.mark(chatId, true, seq);
  }

  #put(chat: Chat): void {
    this.#known.value = new Map(this.#known.peek()).set(chat.chatId, chat);
  }

  #hasEntries({ chatId }: Chat): boolean {
    return this.entries.value.some(({ request }) => request.chatId === chatId);
  }
}

export function isOpen(chat: Chat | undefined): boolean {
  return chat !== undefined && chat.state !== "CHAT_STATE_CLOSED";
}

/** Whether the staff has written in it what was not seen. */
export function isNew({ lastMessage, customerReadSeq }: Chat): boolean {
  return lastMessage?.sender?.kind === "SENDER_KIND_MEMBER" && lastMessage.seq > customerReadSeq;
}
