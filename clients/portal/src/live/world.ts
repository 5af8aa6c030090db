/**
 * What this page knows of the workspace's chats and tickets. Fed by what is read and by what is heard, in whatever order the two arrive;
 * asks nobody and knows no clock but the one it is given.
 */
import type { Chat, Comment, Event, LastMessage, Message, Sender, Ticket, Typing } from "@rapport/client";
import { Collection } from "./collection";
import { chatKind, later, type Marks, raise, ticketKind } from "./kinds";
import { add, NOTHING_READ, type Thread } from "./thread";
import { Topics } from "./topics";

/** For how long somebody who said so is taken to write. */
export const TYPING_MS = 6_000;
/** As many conversations stay in memory. */
const THREADS = 24;

export interface Writer {
  readonly sender: Sender;
  readonly until: number;
}

export class World {
  readonly chats: Collection<Chat>;
  readonly tickets: Collection<Ticket>;
  /** Grows where everything is to be read anew; what was asked for before is worth nothing then. */
  epoch = 0;
  /** Whether what changes is heard of, so that something read now stays true. */
  isFollowed = false;
  /** Members whose read marks are their own and not the staff's. */
  viewers: ReadonlySet<string> = new Set();
  #owner = "";
  readonly #messages = new Map<string, Thread<Message>>();
  readonly #comments = new Map<string, Thread<Comment>>();
  readonly #latest = new Map<string, Message>();
  readonly #writers = new Map<string, readonly Writer[]>();
  readonly #settled = new Set<string>();
  /** What was heard of chats and tickets that have not been read. */
  readonly #ahead = new Map<string, Marks>();

  constructor(
    readonly topics = new Topics(),
    private readonly now: () => number = Date.now,
  ) {
    const say = (area: string) => (what: { readonly id: string } | { readonly view: string }) =>
      topics.changed("id" in what ? `${area}:${what.id}` : `${area}-view:${what.view}`);
    const arrive = <T extends Marks>(id: string, read: T): T => {
      const marks = this.#ahead.get(id);
      this.#ahead.delete(id);
      return marks ? raise(read, marks) : read;
    };
    this.chats = new Collection({ ...chatKind, arrive: (chat) => arrive(chat.chatId, chat) }, say("chat"));
    this.tickets = new Collection({ ...ticketKind, arrive: (ticket) => arrive(ticket.ticketId, ticket) }, say("ticket"));
  }

  /** Says whose it is. What another member saw is not this one's to see. */
  belongTo(memberId: string): void {
    if (this.#owner !== "" && this.#owner !== memberId) this.reset();
    this.#owner = memberId;
  }

  followed(): void {
    this.isFollowed = true;
    this.topics.changed("followed");
  }

  messages(chatId: string): Thread<Message> {
    return this.#messages.get(chatId) ?? NOTHING_READ;
  }

  comments(ticketId: string): Thread<Comment> {
    return this.#comments.get(ticketId) ?? NOTHING_READ;
  }

  /** The newest message known of a chat, whether the chat is open here or not. */
  latest(chatId: string): LastMessage | undefined {
    return later<LastMessage>(this.#latest.get(chatId), this.chats.get(chatId)?.lastMessage);
  }

  writers(chatId: string): readonly Writer[] {
    return this.#writers.get(chatId) ?? NOBODY;
  }

  /** Whether what was sent under this id is here as an entry. */
  isSettled(requestId: string): boolean {
    return this.#settled.has(requestId);
  }

  /** How much of it: grows with each answer of {@link isSettled} that changes. */
  get settledCount(): number {
    return this.#settled.size;
  }

  /** From here on what is heard of this chat's messages is kept. To be called before they are read. */
  openChat(chatId: string): void {
    keep(this.#messages, chatId);
  }

  openTicket(ticketId: string): void {
    keep(this.#comments, ticketId);
  }

  addMessages(chatId: string, read: readonly Message[], isBegun?: boolean): void {
    const last = read.at(-1);
    if (last) this.#hearLatest(last);
    const thread = this.#messages.get(chatId);
    if (!thread) return;
    const now = add(thread, read, isBegun);
    if (now === thread) return;
    this.#messages.set(chatId, now);
    this.topics.changed(`messages:${chatId}`);
  }

  addComments(ticketId: string, read: readonly Comment[], isBegun?: boolean): void {
    const thread = this.#comments.get(ticketId);
    if (!thread) return;
    const now = add(thread, read, isBegun);
    if (now === thread) return;
    this.#comments.set(ticketId, now);
    this.topics.changed(`comments:${ticketId}`);
  }

  /** What was sent under this id has been taken. */
  settle(requestId: string): void {
    if (requestId !== "") this.#settled.add(requestId);
  }

  hear(event: Event): void {
    const { chatUpdated, chatLeft, messageSent, messagesRead, ticketUpdated, ticketLeft, ticketCommented } = event;
    if (chatUpdated?.chat) this.chats.put(chatUpdated.chat);
    else if (chatLeft) this.#chatLeft(chatLeft.chatId, chatLeft.revision);
    else if (messageSent?.message) this.sent(messageSent.message, messageSent.requestId);
    else if (messagesRead?.reader) this.#read(messagesRead.chatId, messagesRead.reader, messagesRead.seq);
    else if (ticketUpdated?.ticket) this.tickets.put(ticketUpdated.ticket);
    else if (ticketLeft) this.tickets.leave(ticketLeft.ticketId, ticketLeft.revision);
    else if (ticketCommented?.comment) this.commented(ticketCommented.comment, ticketCommented.requestId);
  }

  /** A message that is new, told by whoever told first. */
  sent(message: Message, requestId: string): void {
    const { chatId, seq, sender } = message;
    this.settle(requestId);
    this.#raise(this.chats, chatId, { lastSeq: seq });
    this.addMessages(chatId, [message]);
    if (sender) this.#write({ chatId, sender, typing: false });
  }

  commented(comment: Comment, requestId: string): void {
    const { ticketId, seq } = comment;
    this.settle(requestId);
    this.#raise(this.tickets, ticketId, { lastSeq: seq });
    this.addComments(ticketId, [comment]);
  }

  /** Somebody writes, or has stopped. */
  typing({ chatId, sender, typing }: Typing): void {
    if (sender) this.#write({ chatId, sender, typing });
  }

  /** Forgets who has been silent for long; gives when the next one may be forgotten. */
  hush(): number | undefined {
    const now = this.now();
    let next: number | undefined;
    for (const [chatId, writers] of this.#writers) {
      const still = writers.filter(({ until }) => until > now);
      if (still.length !== writers.length) this.#tell(chatId, still);
      for (const { until } of still) next = Math.min(next ?? until, until);
    }
    return next;
  }

  /** Forgets all of it: another store, other rights, or more was missed than can be replayed. */
  reset(): void {
    this.epoch++;
    for (const chatId of [...this.#messages.keys()]) {
      this.#messages.set(chatId, NOTHING_READ);
      this.topics.changed(`messages:${chatId}`);
    }
    for (const ticketId of [...this.#comments.keys()]) {
      this.#comments.set(ticketId, NOTHING_READ);
      this.topics.changed(`comments:${ticketId}`);
    }
    for (const chatId of [...this.#latest.keys()]) this.topics.changed(`latest:${chatId}`);
    this.#latest.clear();
    this.#ahead.clear();
    for (const chatId of [...this.#writers.keys()]) this.#tell(chatId, []);
    this.chats.clear();
    this.tickets.clear();
    this.topics.changed("epoch");
  }

  /** A customer is called otherwise from now on, which no event says of chats and tickets. */
  renamed(visitorId: string, { name, email }: { readonly name: string; readonly email: string }): void {
    for (const { chatId, customer } of [...this.chats.all()]) {
      if (customer?.visitorId === visitorId)
        this.chats.patch(chatId, (chat) => ({ ...chat, customer: { ...customer, name, email } }));
    }
    for (const { ticketId, requester } of [...this.tickets.all()]) {
      if (requester?.visitorId !== visitorId) continue;
      this.tickets.patch(ticketId, (ticket) => ({ ...ticket, requester: { ...requester, name, email } }));
    }
  }

  #chatLeft(chatId: string, revision: number): void {
    this.chats.leave(chatId, revision);
    if (this.chats.get(chatId)) return;
    // What was said there is no longer this reader's to see.
    if (this.#messages.delete(chatId)) this.topics.changed(`messages:${chatId}`);
    if (this.#latest.delete(chatId)) this.topics.changed(`latest:${chatId}`);
  }

  #read(chatId: string, reader: Sender, seq: number): void {
    if (reader.kind === "SENDER_KIND_CUSTOMER") this.#raise(this.chats, chatId, { customerReadSeq: seq });
    else if (!this.viewers.has(reader.id)) this.#raise(this.chats, chatId, { staffReadSeq: seq });
  }

  #raise<T extends Marks>(among: Collection<T>, id: string, marks: Marks): void {
    if (among.patch(id, (known) => raise(known, marks))) return;
    this.#ahead.set(id, raise(this.#ahead.get(id) ?? {}, marks));
  }

  #hearLatest(message: Message): void {
    const known = this.#latest.get(message.chatId);
    if (known && known.seq >= message.seq) return;
    this.#latest.set(message.chatId, message);
    this.topics.changed(`latest:${message.chatId}`);
  }

  #write({ chatId, sender, typing }: { chatId: string; sender: Sender; typing: boolean }): void {
    const others = this.writers(chatId).filter((writer) => writer.sender.id !== sender.id);
    if (!typing && others.length === this.writers(chatId).length) return;
    this.#tell(chatId, typing ? [...others, { sender, until: this.now() + TYPING_MS }] : others);
  }

  #tell(chatId: string, writers: readonly Writer[]): void {
    if (writers.length === 0) this.#writers.delete(chatId);
    else this.#writers.set(chatId, writers);
    this.topics.changed(`typing:${chatId}`);
    this.topics.changed("typing");
  }
}

const NOBODY: readonly Writer[] = [];

/** Begins a thread, or makes it the one used last; those used longest ago go. */
function keep<T extends { readonly seq: number }>(threads: Map<string, Thread<T>>, id: string): void {
  const thread = threads.get(id) ?? NOTHING_READ;
  threads.delete(id);
  threads.set(id, thread);
  for (const oldest of threads.keys()) {
    if (threads.size <= THREADS) return;
    threads.delete(oldest);
  }
}
