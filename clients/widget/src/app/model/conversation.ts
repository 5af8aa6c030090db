/**
 * The chat that is looked at: its messages, and who has read them. Everything it is told it takes by number (`seq`), so that lists, events
 * and answers may come in any order, and twice.
 */

import { computed, effect, signal, untracked } from "@preact/signals";
import type { Message, QueueEntry } from "@rapport/client/light";
import type { Chats } from "./chats";
import type { WidgetClient } from "./client";
import { rowsOf } from "./rows";
import type { Thread } from "./thread";

const PAGE = 50;
const AGAIN_MS = 3_000;

export class Conversation implements Thread {
  readonly messages = signal<readonly Message[]>([]);
  readonly hasEarlier = signal(false);
  readonly #requestIds = signal<ReadonlyMap<string, string>>(new Map());
  /** A start that was acknowledged, and its chat, as long as its message is not here. */
  readonly #started = signal<{ readonly chatId: string; readonly entry: QueueEntry } | undefined>(undefined);
  /** Grows when a read mark that was lost is to be set again, where its messages are still in sight. */
  readonly unmarked = signal(0);
  #askedSeq = 0;
  /** The first reading of the chat that is looked at. */
  #first: Promise<void> | undefined;

  readonly chat = computed(() => this.chats.now.value);
  readonly chatId = computed(() => this.chat.value?.chatId ?? "");
  readonly isClosed = computed(() => this.chat.value?.state === "CHAT_STATE_CLOSED");
  /** Whether it is being opened: asked for, and not there yet. */
  readonly isStarting = computed(() => this.chats.starting.value.length > 0);
  readonly unread = computed(() => {
    const readSeq = this.chat.value?.customerReadSeq ?? 0;
    return this.messages.value.filter(({ sender, seq }) => sender?.kind === "SENDER_KIND_MEMBER" && seq > readSeq).length;
  });
  readonly rows = computed(() =>
    rowsOf({
      messages: this.messages.value,
      entries: this.#shown(),
      requestIds: this.#requestIds.value,
      staffReadSeq: this.chat.value?.staffReadSeq ?? 0,
    }),
  );

  constructor(
    private readonly client: WidgetClient,
    private readonly chats: Chats,
  ) {
    const { live, queue } = client;
    effect(() => {
      const chatId = this.chatId.value;
      untracked(() => this.#begin(chatId));
    });
    queue.onSent((entry, answer) => {
      const { message, chat } = answer as { message?: Message; chat?: { chatId: string } };
      if (message) this.#take([message], entry.requestId);
      if (entry.rpc === "startChat" && chat) this.#started.value = { chatId: chat.chatId, entry };
    });
    live.on("messageSent", ({ message, requestId }) => message && this.#take([message], requestId));
  }

  /** Reads which chats there are, and the last messages of the one that is looked at. */
  async read(): Promise<void> {
    const before = this.chatId.peek();
    await this.chats.read();
    const isOther = before !== this.chatId.peek();
    await (isOther ? this.#first : this.#last());
  }

  async readEarlier(): Promise<void> {
    const first = this.messages.peek()[0];
    if (first) await this.#page(first.chatId, first.seq);
  }

  send(text: string): Promise<unknown> {
    const chatId = this.chatId.peek();
    return chatId ? this.client.queue.send({ chatId, text }) : Promise.resolve();
  }

  /** Says that what is here has been seen. */
  async seen(): Promise<void> {
    const chatId = this.chatId.peek();
    const seq = this.messages.peek().findLast(({ sender }) => sender?.kind === "SENDER_KIND_MEMBER")?.seq ?? 0;
    if (!chatId || this.unread.peek() === 0 || seq <= this.#askedSeq) return;
    this.#askedSeq = seq;
    try {
      await this.client.chats.markRead({ chatId, seq });
      this.chats.mark(chatId, true, seq);
    } catch {
      this.#askedSeq = 0;
      setTimeout(() => {
        this.unmarked.value += 1;
      }, AGAIN_MS);
    }
  }

  #shown(): readonly QueueEntry[] {
    if (this.isStarting.value) return this.chats.starting.value;
    const chatId = this.chatId.value;
    const own = this.chats.entries.value.filter(({ request }) => request.chatId === chatId);
    const started = this.#started.value;
    return started?.chatId === chatId ? [started.entry, ...own] : own;
  }

  #begin(chatId: string): void {
    this.messages.value = [];
    this.#requestIds.value = new Map();
    this.#askedSeq = 0;
    this.hasEarlier.value = false;
    // A failure is mended by the next reading: at the latest when the connection is back.
    this.#first = chatId ? this.#last() : undefined;
    this.#first?.catch(() => undefined);
  }

  async #last(): Promise<void> {
    const chat = this.chat.peek();
    if (chat) await this.#page(chat.chatId, chat.lastSeq + 1);
  }

  async #page(chatId: string, beforeSeq: number): Promise<void> {
    const { messages, nextPageToken } = await this.client.chats.listMessages({ chatId, beforeSeq, pageSize: PAGE });
    if (chatId !== this.chatId.peek()) return;
    const first = this.messages.peek()[0]?.seq ?? Number.POSITIVE_INFINITY;
    if ((messages[0]?.seq ?? 0) <= first) this.hasEarlier.value = nextPageToken !== "";
    this.#take(messages);
  }

  #take(messages: readonly Message[], requestId = ""): void {
    const chatId = this.chatId.peek();
    const known = new Map(this.messages.peek().map((message) => [message.seq, message]));
    const ids = new Map(this.#requestIds.peek());
    const { entry: started } = this.#started.peek() ?? {};
    const isStarted = this.#started.peek()?.chatId === chatId;
    for (const message of messages) {
      if (message.chatId !== chatId) continue;
      known.set(message.seq, message);
      // The first message of a chat is the one it was started with.
      const id = requestId || (isStarted && started?.request.text && message.seq === 1 ? started.requestId : "");
      if (id) ids.set(message.messageId, id);
      if (id === started?.requestId) this.#started.value = undefined;
      if (message.sender?.kind === "SENDER_KIND_CUSTOMER") this.chats.mark(chatId, true, message.seq);
    }
    this.#requestIds.value = ids;
    this.messages.value = [...known.values()].sort((a, b) => a.seq - b.seq);
  }
}
