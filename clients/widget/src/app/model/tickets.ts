/**
 * What the visitor has left or asked, as tickets, and the one that is looked at. As with a conversation, everything is taken by number, so
 * that lists, events and answers may come in any order, and twice.
 */
import { computed, signal } from "@preact/signals";
import type { Comment, Message, QueueEntry, Ticket } from "@rapport/client/light";
import type { WidgetClient } from "./client";
import { asFault, type Fault } from "./faults";
import { rowsOf } from "./rows";
import type { Seen } from "./seen";
import type { Thread } from "./thread";

/** As many are listed; who has more finds the newest. */
const MOST = 20;
const PAGE = 200;

export class Tickets implements Thread {
  readonly #known = signal<ReadonlyMap<string, Ticket>>(new Map());
  readonly #comments = signal<ReadonlyMap<number, Comment>>(new Map());
  readonly #entries = signal<readonly QueueEntry[]>([]);
  readonly #requestIds = signal<ReadonlyMap<string, string>>(new Map());
  readonly #openId = signal("");
  /** Why the comments of the open one cannot be had. */
  readonly fault = signal<Fault | undefined>(undefined);
  readonly hasEarlier = signal(false);
  readonly unmarked = signal(0);

  /** The newest first. */
  readonly all = computed(() => [...this.#known.value.values()].sort((one, other) => other.number - one.number));
  readonly open = computed(() => this.#known.value.get(this.#openId.value));
  readonly isClosed = computed(() => this.open.value?.state === "TICKET_STATE_CLOSED");
  /** Those with an answer that has not been seen. */
  readonly unread = computed(() => this.all.value.filter((ticket) => this.seenMarks.isNew(ticket)).length);
  readonly rows = computed(() =>
    rowsOf({
      messages: [...this.#comments.value.values()].sort((one, other) => one.seq - other.seq).map(asMessage),
      entries: this.#entries.value.filter(({ request }) => request.ticketId === this.#openId.value),
      requestIds: this.#requestIds.value,
      staffReadSeq: 0,
    }),
  );

  constructor(
    private readonly client: WidgetClient,
    readonly seenMarks: Seen,
  ) {
    const { live, queue } = client;
    queue.onChange(() => {
      this.#entries.value = queue.entries().filter(({ rpc }) => rpc === "addComment");
    });
    queue.onSent((entry, answer) => {
      const { ticket, comment } = answer as { ticket?: Ticket; comment?: Comment };
      if (ticket) this.adopt(ticket);
      if (comment) this.#take([comment], entry.requestId);
    });
    live.on("ticketUpdated", ({ ticket }) => ticket && this.adopt(ticket));
    live.on("ticketCommented", ({ comment, requestId }) => comment && this.#take([comment], requestId));
  }

  async read(): Promise<void> {
    const { tickets } = await this.client.tickets.listTickets({ pageSize: MOST });
    for (const ticket of tickets) this.adopt(ticket);
    if (this.#openId.peek()) await this.#readComments();
  }

  adopt(ticket: Ticket): void {
    const known = this.#known.peek().get(ticket.ticketId);
    if (known && known.revision > ticket.revision) return;
    const lastSeq = Math.max(known?.lastSeq ?? 0, ticket.lastSeq);
    this.#known.value = new Map(this.#known.peek()).set(ticket.ticketId, { ...ticket, lastSeq });
  }

  show(ticketId: string): void {
    this.#openId.value = ticketId;
    this.#comments.value = new Map();
    this.fault.value = undefined;
    void this.#readComments();
  }

  leave(): void {
    this.#openId.value = "";
  }

  send(text: string): Promise<unknown> {
    return this.client.queue.add("tickets", "addComment", { ticketId: this.#openId.peek(), text });
  }

  async readEarlier(): Promise<void> {}

  async seen(): Promise<void> {
    const last = Math.max(0, ...this.#comments.peek().keys());
    if (last > 0) this.seenMarks.mark(this.#openId.peek(), last);
  }

  /** All of them: a ticket has few. */
  async #readComments(): Promise<void> {
    const ticketId = this.#openId.peek();
    try {
      let pageToken = "";
      do {
        const page = await this.client.tickets.listComments({ ticketId, pageSize: PAGE, pageToken });
        this.#take(page.comments);
        pageToken = page.nextPageToken;
      } while (pageToken !== "" && ticketId === this.#openId.peek());
      this.fault.value = undefined;
    } catch (thrown) {
      if (ticketId === this.#openId.peek()) this.fault.value = asFault(thrown);
    }
  }

  #take(comments: readonly Comment[], requestId = ""): void {
    const shown = new Map(this.#comments.peek());
    const tickets = new Map(this.#known.peek());
    const ids = new Map(this.#requestIds.peek());
    for (const comment of comments) {
      const { ticketId, seq, commentId } = comment;
      if (ticketId === this.#openId.peek()) shown.set(seq, comment);
      if (requestId) ids.set(commentId, requestId);
      const ticket = tickets.get(ticketId);
      // What one has written oneself is no news.
      if (comment.author?.kind === "SENDER_KIND_CUSTOMER" && ticket && !this.seenMarks.isNew(ticket))
        this.seenMarks.mark(ticketId, seq);
      if (ticket && seq > ticket.lastSeq) tickets.set(ticketId, { ...ticket, lastSeq: seq });
    }
    this.#requestIds.value = ids;
    this.#comments.value = shown;
    this.#known.value = tickets;
  }
}

function asMessage({ commentId: messageId, ticketId: chatId, author: sender, ...rest }: Comment): Message {
  return { ...rest, messageId, chatId, ...(sender && { sender }) };
}
