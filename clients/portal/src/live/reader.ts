/** Reads what is looked at from the server into the world. What was asked for before a reset is dropped. */
import type { Client, Everything, MemberSession } from "@rapport/client";
import { asked, type ChatFilter, keyOf, matchesChat, matchesTicket, type TicketFilter } from "./filters";
import { gap } from "./thread";
import type { World } from "./world";

export type PortalClient = Client<Everything, MemberSession>;

/** Above every number there is. */
const END = 4_294_967_295;
const FIRST_PAGE = 50;
const PAGE = 200;

export class Reader {
  constructor(
    private readonly client: PortalClient,
    private readonly world: World,
  ) {}

  /** The next page of a list of chats. */
  async chats(filter: ChatFilter): Promise<void> {
    const key = keyOf(filter);
    const { next, isBegun, isComplete } = this.world.chats.view(key, matchesChat(filter));
    if (isComplete) return;
    const { epoch } = this.world;
    const pageSize = isBegun ? PAGE : FIRST_PAGE;
    const page = await this.client.chats.listChats({ ...asked(filter), pageSize, pageToken: next });
    if (epoch === this.world.epoch) this.world.chats.page(key, page.chats, page.nextPageToken);
  }

  async tickets(filter: TicketFilter): Promise<void> {
    const key = keyOf(filter);
    const { next, isBegun, isComplete } = this.world.tickets.view(key, matchesTicket(filter));
    if (isComplete) return;
    const { epoch } = this.world;
    const pageSize = isBegun ? PAGE : FIRST_PAGE;
    const page = await this.client.tickets.listTickets({ ...asked(filter), pageSize, pageToken: next });
    if (epoch === this.world.epoch) this.world.tickets.page(key, page.tickets, page.nextPageToken);
  }

  async chat(chatId: string): Promise<void> {
    const { epoch } = this.world;
    const { chat } = await this.client.chats.getChat({ chatId });
    if (chat && epoch === this.world.epoch) this.world.chats.put(chat);
  }

  async ticket(ticketId: string): Promise<void> {
    const { epoch } = this.world;
    const { ticket } = await this.client.tickets.getTicket({ ticketId });
    if (ticket && epoch === this.world.epoch) this.world.tickets.put(ticket);
  }

  /** The newest messages of a chat; what is heard meanwhile is kept beside them. */
  async messages(chatId: string): Promise<void> {
    this.world.openChat(chatId);
    await this.#before(chatId, END);
  }

  async olderMessages(chatId: string): Promise<void> {
    const first = this.world.messages(chatId).items[0];
    if (first && first.seq > 1) await this.#before(chatId, first.seq);
  }

  /** What is missing between what was read and what was heard. */
  async missingMessages(chatId: string): Promise<void> {
    for (;;) {
      const { epoch } = this.world;
      const afterSeq = gap(this.world.messages(chatId), this.world.chats.get(chatId)?.lastSeq ?? 0);
      if (afterSeq === undefined) return;
      const { messages } = await this.client.chats.listMessages({ chatId, afterSeq, pageSize: PAGE });
      if (epoch !== this.world.epoch || messages.length === 0) return;
      this.world.addMessages(chatId, messages);
    }
  }

  async comments(ticketId: string): Promise<void> {
    this.world.openTicket(ticketId);
    let pageToken = "";
    do {
      const { epoch } = this.world;
      const page = await this.client.tickets.listComments({ ticketId, pageSize: PAGE, pageToken });
      if (epoch !== this.world.epoch) return;
      pageToken = page.nextPageToken;
      this.world.addComments(ticketId, page.comments, pageToken === "");
    } while (pageToken !== "");
  }

  async #before(chatId: string, beforeSeq: number): Promise<void> {
    const { epoch } = this.world;
    const { messages } = await this.client.chats.listMessages({ chatId, beforeSeq, pageSize: FIRST_PAGE });
    if (epoch === this.world.epoch) this.world.addMessages(chatId, messages, true);
  }
}
