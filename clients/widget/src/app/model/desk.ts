/** The widget as a whole: what is shown, what the customer can do, and what the page around is told. */
import { computed, effect, signal } from "@preact/signals";
import type { Ticket } from "@rapport/client/light";
import type { Host } from "../host";
import { choose, locale, t, unreadText } from "../texts/index";
import { Chats } from "./chats";
import { connect } from "./client";
import { Conversation } from "./conversation";
import { Drafts, tabStorage } from "./drafts";
import { asFault, type Fault } from "./faults";
import { Line } from "./line";
import { Seen } from "./seen";
import { readSettings, rememberedSettings, type Settings } from "./settings";
import { Sound } from "./sound";
import { themeOf, wear } from "./theme";
import { Tickets } from "./tickets";
import { TypingSigns } from "./typing";

/** How often an open panel asks whether the team is there. */
const ASK_MS = 60_000;
const AGAIN_MS = 5_000;
/** When a message that is still under way is said to be kept. */
const KEPT_MS = 2_500;
/** How long a conversation that has ended is shown to who comes back. */
const ENDED_MS = 24 * 3_600_000;

export type View = "loading" | "start" | "ticket" | "thanks" | "chat" | "tickets" | "thread";

export interface Form {
  readonly name: string;
  readonly email: string;
  readonly departmentId: string;
  readonly text: string;
}

export interface Thanks {
  readonly email: string;
  readonly isKept?: boolean;
  /** Why it is not sent yet, where the server said so. */
  readonly fault?: Fault | undefined;
  readonly ticket?: Ticket;
}

export class Desk {
  readonly settings = signal<Settings | undefined>(undefined);
  /** Why the settings cannot be had. */
  readonly fault = signal<Fault | undefined>(undefined);
  /** Why what was asked last was refused. */
  readonly refusal = signal<Fault | undefined>(undefined);
  /** A message that was left: `isKept` where it waits for the connection, with a ticket where it has arrived. */
  readonly thanks = signal<Thanks | undefined>(undefined);
  readonly client;
  readonly chats: Chats;
  readonly conversation: Conversation;
  readonly tickets: Tickets;
  readonly typing: TypingSigns;
  readonly line: Line;
  readonly sound = new Sound();
  readonly drafts: Drafts;
  readonly #isListing = signal(false);
  readonly #seen: Seen;
  #isLive = false;
  #isSubmitting = false;
  #isLeaving = false;

  readonly view = computed((): View => {
    if (this.tickets.open.value) return "thread";
    if (this.#isListing.value) return "tickets";
    const { chat, isClosed, isStarting } = this.conversation;
    if (isStarting.value) return "chat";
    if (chat.value && !(isClosed.value && isOld(chat.value.closedAt))) return "chat";
    if (!this.settings.value) return "loading";
    if (this.thanks.value) return "thanks";
    return this.settings.value.teamAvailable ? "start" : "ticket";
  });

  /** How many conversations and tickets there are beside what is looked at. */
  readonly besides = computed(() => this.chats.others.value.length + this.tickets.all.value.length);

  constructor(
    private readonly workspace: string,
    readonly host: Host,
    private readonly wishes: readonly string[],
  ) {
    this.client = connect(workspace);
    this.drafts = new Drafts(workspace, tabStorage());
    this.chats = new Chats(this.client, this.drafts);
    this.conversation = new Conversation(this.client, this.chats);
    this.#seen = new Seen(workspace);
    this.tickets = new Tickets(this.client, this.#seen);
    this.typing = new TypingSigns(this.client, () => this.conversation.chatId.peek());
    this.line = new Line(this.client);
    locale.value = choose(wishes);
    this.#listen();
    this.#tellHost();
  }

  async begin(): Promise<void> {
    await Promise.all([this.sound.restore(), this.#seen.restore()]);
    const known = await rememberedSettings(this.workspace);
    if (known) this.#take(known);
    await this.#return();
    await this.ask();
  }

  /** Asks what the workspace wants, and whether somebody is there. */
  async ask(): Promise<void> {
    try {
      this.#take(await readSettings(this.client, this.workspace));
      this.fault.value = undefined;
    } catch (thrown) {
      this.fault.value = asFault(thrown);
      if (!this.settings.peek() && this.fault.peek()?.reason !== "NOT_FOUND") setTimeout(() => void this.ask(), AGAIN_MS);
    }
  }

  async start(form: Form): Promise<void> {
    const pageUrl = this.host.page.peek();
    if (await this.#submit(() => this.chats.start({ ...form, pageUrl }))) this.drafts.change({ text: "" });
    this.goLive();
  }

  async send(text: string): Promise<boolean> {
    this.typing.rest();
    return this.#do(() => this.conversation.send(text));
  }

  async leaveMessage({ email, ...form }: Form): Promise<void> {
    const subject = form.text.trim().split("\n")[0]?.slice(0, 200) ?? "";
    if (!(await this.#submit(() => this.client.queue.add("tickets", "createTicket", { ...form, email, subject })))) return;
    this.drafts.change({ text: "" });
    this.thanks.value ??= { email };
    setTimeout(() => {
      const thanks = this.thanks.peek();
      if (thanks && !thanks.ticket) this.thanks.value = { ...thanks, isKept: true };
    }, KEPT_MS);
  }

  /** Shows another conversation of the visitor. */
  showChat(chatId: string): void {
    this.typing.rest();
    this.thanks.value = undefined;
    this.leaveTickets();
    this.chats.show(chatId);
  }

  /** Shows the visitor's other conversations and tickets. */
  listTickets(): void {
    this.#isListing.value = true;
  }

  showTicket(ticketId: string): void {
    this.thanks.value = undefined;
    this.refusal.value = undefined;
    this.tickets.show(ticketId);
  }

  /** Back from a ticket, or from their list. */
  back(): void {
    this.refusal.value = undefined;
    if (!this.tickets.open.peek()) this.#isListing.value = false;
    this.tickets.leave();
  }

  /** Back to where one writes something new. */
  leaveTickets(): void {
    this.refusal.value = undefined;
    this.tickets.leave();
    this.#isListing.value = false;
  }

  answer(text: string): Promise<boolean> {
    return this.#do(() => this.tickets.send(text));
  }

  /** Takes a message that was refused back into the composer. */
  async edit(requestId: string, text: string): Promise<void> {
    const { request } = this.client.queue.entries().find((entry) => entry.requestId === requestId) ?? {};
    if (!(await this.client.queue.discard(requestId))) return;
    const id = String(request?.ticketId ?? request?.chatId ?? "");
    this.drafts.changeAnswer(id, [text, this.drafts.answer(id)].filter(Boolean).join("\n"));
  }

  /** Leaves the conversation that has ended. What was not sent in it begins the next. */
  async startNew(chatId = this.conversation.chatId.peek()): Promise<void> {
    const lost = this.chats.entries.peek().filter(({ request }) => chatId && request.chatId === chatId);
    const texts = [...lost.map(({ request }) => String(request.text ?? "")), this.drafts.answer(chatId), this.drafts.now.text];
    this.drafts.changeAnswer(chatId, "");
    this.drafts.change({ text: texts.filter(Boolean).join("\n") });
    for (const { requestId } of lost) await this.client.queue.discard(requestId);
    this.leaveTickets();
    this.thanks.value = undefined;
    this.chats.leave();
  }

  close(): void {
    this.host.close();
  }

  /** Goes live where this visitor has been here before: by then in another tab, too. */
  async #return(): Promise<void> {
    if (!this.#isLive && (await this.client.session.isReturning())) this.goLive();
  }

  goLive(): void {
    if (this.#isLive && this.client.live.status.state !== "ended") return;
    this.#isLive = true;
    // Where it ends at once, the line says why.
    void this.client.live.start().catch(() => undefined);
  }

  /** Puts a form where it is kept. Pressed again before it is there, it is the same one. */
  async #submit(put: () => Promise<unknown>): Promise<boolean> {
    if (this.#isSubmitting) return false;
    this.#isSubmitting = true;
    try {
      return await this.#do(put);
    } finally {
      this.#isSubmitting = false;
    }
  }

  async #do(act: () => Promise<unknown>): Promise<boolean> {
    this.refusal.value = undefined;
    try {
      await act();
      return true;
    } catch (thrown) {
      this.refusal.value = asFault(thrown);
      return false;
    }
  }

  #take(settings: Settings): void {
    this.settings.value = settings;
    locale.value = choose([...this.wishes, settings.workspace.locale]);
    wear(themeOf(settings.widget.color), document.documentElement.style);
  }

  #listen(): void {
    const { live, queue } = this.client;
    let wasOpen = false;
    live.onStatus(({ state }) => {
      // The first time there is everything to be read; later the connection itself says what was missed.
      if (state === "open" && !wasOpen) this.#read();
      wasOpen ||= state === "open";
    });
    live.onReset(() => this.#read());
    live.on("ticketCommented", ({ comment }) => {
      if (comment?.author?.kind === "SENDER_KIND_MEMBER") this.sound.play();
    });
    live.on("messageSent", ({ message }) => {
      if (message?.sender?.kind !== "SENDER_KIND_MEMBER") return;
      if (message.chatId === this.conversation.chatId.peek()) this.typing.heard();
      this.sound.play();
    });
    queue.onSent((entry, answer) => {
      if (entry.rpc === "startChat") this.goLive();
      if (entry.rpc !== "createTicket") return;
      const { ticket } = answer as { ticket?: Ticket };
      this.thanks.value = { email: String(entry.request.email ?? ""), ...(ticket && { ticket }) };
      // An answer to it comes over the line.
      this.goLive();
    });
    queue.onChange(() => {
      // What another tab has begun.
      void this.#return();
      // Of this tab before a reload, or of another one.
      const ticket = queue.entries().find(({ rpc, state }) => rpc === "createTicket" && state !== "failed");
      const thanks = this.thanks.peek();
      if (ticket && !thanks) this.thanks.value = { email: String(ticket.request.email ?? ""), isKept: true, fault: ticket.error };
      else if (ticket && thanks && !thanks.ticket && thanks.fault?.reason !== ticket.error?.reason)
        this.thanks.value = { ...thanks, fault: ticket.error };
      this.#leaveWhatIsGone();
      // A beginning that was refused is the form again, with everything in it.
      const refused = queue
        .entries()
        .find(({ rpc, state }) => state === "failed" && (rpc === "startChat" || rpc === "createTicket"));
      if (!refused) return;
      this.refusal.value = refused.error;
      this.thanks.value = undefined;
      this.drafts.change({ text: [String(refused.request.text ?? ""), this.drafts.now.text].filter(Boolean).join("\n") });
      void queue.discard(refused.requestId);
    });
  }

  /** A chat that is not there any more, for the visit it belonged to is over: what was written in it begins the next. */
  #leaveWhatIsGone(): void {
    const entries = this.client.queue.entries().filter(({ rpc }) => rpc === "sendMessage");
    const gone = entries.find(({ error, state }) => state === "failed" && error?.reason === "NOT_FOUND");
    const chatId = String(gone?.request.chatId ?? "");
    const known = this.conversation.chat.peek()?.chatId ?? chatId;
    // One that is on its way yet is waited for: it will be refused alike.
    const isOnWay = entries.some(({ request, state }) => request.chatId === chatId && state !== "failed");
    if (this.#isLeaving || !gone || isOnWay || chatId !== known) return;
    this.#isLeaving = true;
    void this.startNew(chatId)
      .then(() => {
        this.refusal.value = { reason: "SESSION_ENDED" };
      })
      .finally(() => {
        this.#isLeaving = false;
      });
  }

  #read(): void {
    void Promise.all([this.conversation.read(), this.tickets.read()]).then(
      () => {
        const customer = this.conversation.chat.peek()?.customer;
        if (customer) this.drafts.suggest(customer);
      },
      () => setTimeout(() => this.client.live.status.state === "open" && this.#read(), AGAIN_MS),
    );
  }

  #tellHost(): void {
    effect(() => {
      const settings = this.settings.value;
      if (!settings) return;
      const { brand, onBrand } = themeOf(settings.widget.color);
      const { launcherLabel, position } = settings.widget;
      const labels = { open: t("openChat"), close: t("closeChat"), panel: t("panel", { workspace: settings.workspace.name }) };
      const look = { color: brand, foreground: onBrand, text: launcherLabel, labels };
      this.host.say({ kind: "look", look: { ...look, position: position.endsWith("START") ? "start" : "end" } });
    });
    effect(() => {
      const count = this.conversation.unread.value + this.chats.unread.value + this.tickets.unread.value;
      this.host.say({ kind: "unread", count, label: unreadText(count) });
    });
    effect(() => this.drafts.suggest(this.host.who.value));
    effect(() => {
      // Who wrote in the one before writes in no other, and nobody writes in one that has ended.
      if (this.conversation.chatId.value || this.conversation.isClosed.value) this.typing.heard();
    });
    effect(() => {
      if (!this.host.shown.value.open) return;
      void this.#return();
      void this.ask();
      const timer = setInterval(() => document.visibilityState === "visible" && void this.ask(), ASK_MS);
      return () => clearInterval(timer);
    });
  }
}

function isOld(closedAt: string | undefined): boolean {
  return closedAt !== undefined && Date.now() - new Date(closedAt).getTime() > ENDED_MS;
}
