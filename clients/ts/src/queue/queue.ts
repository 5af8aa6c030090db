/**
 * What is to be sent whatever happens: kept before anything else, sent in order within its lane, tried until it is acknowledged or refused
 * for good. Doubled it cannot be: its request id was made once, and the server gives the same answer to the same id.
 */
import type { Caller } from "../call.js";
import { asError, RapportError } from "../error.js";
import type { SendMessageRequest } from "../generated/chats.js";
import { Listeners, type Unsubscribe } from "../listeners.js";
import type { Live } from "../live/live.js";
import { onNetwork } from "../page.js";
import type { Fields } from "../rest.js";
import type { Calls, Method, Services } from "../service.js";
import type { Session } from "../session/session.js";
import type { Channel, Tabs } from "../tabs.js";
import { uuid } from "../uuid.js";
import { backoff } from "../wait.js";
import type { Kept, QueueStore, Refusal } from "./store.js";

/** Something that is not acknowledged yet. */
export interface QueueEntry extends Omit<Kept, "refusal" | "owner"> {
  readonly state: "waiting" | "sending" | "failed";
  /** Why it failed; of one that waits, why it was not taken the last time. */
  readonly error?: Refusal | undefined;
}

/** The rpcs of an area that have a request id. */
export type Queueable<C> = {
  [Rpc in keyof C]: C[Rpc] extends (request: infer Request, ...rest: never[]) => Promise<unknown>
    ? "requestId" extends keyof NonNullable<Request>
      ? Rpc
      : never
    : never;
}[keyof C];

/** The request of an rpc. */
export type RequestOf<Call> = Call extends (request: infer Request, ...rest: never[]) => unknown ? NonNullable<Request> : never;

export interface QueueParts {
  readonly services: Services;
  readonly caller: Caller;
  readonly session: Session;
  readonly live: Live;
  readonly tabs: Tabs;
  readonly store: QueueStore;
}

/** What tabs tell one another: that something has changed, and what was acknowledged. */
interface Told {
  readonly sent?: { readonly entry: QueueEntry; readonly answer: unknown; readonly owner: string };
}

/** What this tab does about a lane. */
interface Lane {
  /** How often in a row it did not work. */
  tries: number;
  /** Why the last one did not. */
  error?: Refusal | undefined;
  /** The next try. */
  timer?: ReturnType<typeof setTimeout> | undefined;
  /** It is being sent, or waits for its turn among the tabs. */
  isRunning: boolean;
  /** There may be more than it knew of. */
  isStale: boolean;
}

export class Queue<S extends Services> {
  #entries: readonly QueueEntry[] = [];
  #isClosed = false;
  readonly #sending = new Set<string>();
  readonly #lanes = new Map<string, Lane>();
  readonly #changes = new Listeners<[]>();
  readonly #sent = new Listeners<[entry: QueueEntry, answer: unknown]>();
  readonly #sentElsewhere = new Listeners<[entry: QueueEntry, answer: unknown]>();
  readonly #channel: Channel;
  readonly #ends: Unsubscribe[];

  constructor(private readonly parts: QueueParts) {
    const { tabs, session, live } = parts;
    this.#channel = tabs.channel("queue", (told) => this.#hear(told as Told));
    this.#ends = [
      session.onChange(({ status }) => this.#turn(status)),
      live.onStatus(({ state }) => state === "open" && this.#look(true)),
      onNetwork(() => this.#look(true)),
      () => this.#channel.close(),
    ];
    this.#look();
  }

  /** Keeps a message and sends it. Ends when it is kept; fails with `STORAGE` where the browser cannot. */
  send(request: SendMessageRequest): Promise<QueueEntry> {
    return this.#put("chats", "sendMessage", { ...request });
  }

  /** The same for any rpc with a request id. The lane is the chat or the ticket of the request where nothing is said. */
  add<Area extends keyof S & string, Rpc extends Queueable<Calls<S>[Area]> & string>(
    area: Area,
    rpc: Rpc,
    request: RequestOf<Calls<S>[Area][Rpc]>,
    options: { readonly lane?: string } = {},
  ): Promise<QueueEntry> {
    return this.#put(area, rpc, { ...(request as Fields) }, options.lane);
  }

  /** What is not acknowledged yet, in order; of one lane, such as a chat's id, where it is named. */
  entries(lane?: string): readonly QueueEntry[] {
    return lane === undefined ? this.#entries : this.#entries.filter((entry) => entry.lane === lane);
  }

  onChange(listener: () => void): Unsubscribe {
    return this.#changes.add(listener);
  }

  /** Hears of what was acknowledged to this tab, with the answer. */
  onSent(listener: (entry: QueueEntry, answer: unknown) => void): Unsubscribe {
    return this.#sent.add(listener);
  }

  /** Hears of what was acknowledged to another tab of this owner: whoever sends, it may have been put here. */
  onSentElsewhere(listener: (entry: QueueEntry, answer: unknown) => void): Unsubscribe {
    return this.#sentElsewhere.add(listener);
  }

  /** Tries one again that failed. */
  async retry(requestId: string): Promise<void> {
    const kept = await this.#find(requestId);
    if (!kept?.refusal) return;
    await this.parts.store.update({ ...kept, refusal: undefined });
    await this.#changed();
    this.#look(true);
  }

  /** Gives one up; `false` where it is being sent. */
  async discard(requestId: string): Promise<boolean> {
    const kept = await this.#find(requestId);
    if (this.#sending.has(requestId)) return false;
    if (kept) await this.parts.store.remove(kept.place);
    await this.#changed();
    return true;
  }

  /** Sends nothing more in this page. What is kept stays. */
  close(): void {
    this.#isClosed = true;
    for (const end of this.#ends) end();
    for (const { timer } of this.#lanes.values()) clearTimeout(timer);
  }

  async #put(area: string, rpc: string, request: Fields, named?: string): Promise<QueueEntry> {
    const { owner } = this.parts.session;
    if (owner === undefined) throw new RapportError({ reason: "SIGNED_OUT", message: "nobody is signed in" });
    if (!this.#method(area, rpc)?.requestId) throw new TypeError(`${area}.${rpc} cannot be queued`);
    const requestId = String(request.requestId ?? uuid());
    const lane = named ?? String(request.chatId ?? request.ticketId ?? `${area}.${rpc}`);
    const draft = { requestId, owner, area, rpc, request: { ...request, requestId }, lane, createdAt: Date.now() };
    const kept = await this.parts.store.add(draft).catch((cause: unknown) => {
      throw new RapportError({ reason: "STORAGE", message: "the browser could not keep it", cause });
    });
    await this.#changed();
    void this.#run(lane);
    return this.#shown(kept);
  }

  #method(area: string, rpc: string): Method | undefined {
    return (this.parts.services[area] as Readonly<Record<string, Method>> | undefined)?.[rpc];
  }

  async #find(requestId: string): Promise<Kept | undefined> {
    return (await this.#all()).find((kept) => kept.requestId === requestId);
  }

  async #all(): Promise<Kept[]> {
    const { owner } = this.parts.session;
    return owner === undefined ? [] : this.parts.store.all(owner);
  }

  #turn(status: string): void {
    // A member's entries wait for the member; a visitor who was forgotten does not come back.
    if (status === "over" && this.parts.session.owner !== undefined) void this.#clear();
    else this.#look(true);
  }

  async #clear(): Promise<void> {
    for (const { place } of await this.#all()) await this.parts.store.remove(place);
    await this.#changed();
  }

  /** Looks what there is and sends what can be sent; `atOnce` also what waits for another try. */
  #look(atOnce = false): void {
    void this.#load().then(() => {
      const lanes = this.#entries.filter(({ state }) => state === "waiting").map((entry) => entry.lane);
      for (const lane of new Set(lanes)) if (atOnce || this.#lane(lane).timer === undefined) void this.#run(lane);
    });
  }

  #lane(name: string): Lane {
    const lane = this.#lanes.get(name) ?? { tries: 0, isRunning: false, isStale: false };
    this.#lanes.set(name, lane);
    return lane;
  }

  /** Sends what is in a lane, one after the other; no two tabs send of one lane at a time, where the browser can see to that. */
  async #run(name: string): Promise<void> {
    const lane = this.#lane(name);
    lane.isStale = true;
    if (lane.isRunning || this.#isClosed) return;
    clearTimeout(lane.timer);
    lane.timer = undefined;
    lane.isRunning = true;
    try {
      await this.parts.tabs.alone(`queue:${name}`, async () => {
        while (lane.isStale && !this.#isClosed) {
          lane.isStale = false;
          const next = (await this.#all()).find((kept) => kept.lane === name && !kept.refusal);
          if (next) lane.isStale = await this.#one(next, lane);
        }
      });
    } finally {
      lane.isRunning = false;
    }
  }

  /** Sends one; `false` where the lane has to wait. */
  async #one(kept: Kept, lane: Lane): Promise<boolean> {
    const { caller, session, store } = this.parts;
    const method = this.#method(kept.area, kept.rpc);
    // Of a page that knew more services than this one: that one may come again.
    if (!method || session.owner !== kept.owner) return false;
    this.#sending.add(kept.requestId);
    await this.#load();
    try {
      const answer = await caller.unary(method, kept.request, { retry: false });
      lane.tries = 0;
      lane.error = undefined;
      await store.remove(kept.place);
      const entry = this.#shown(kept);
      void this.#sent.tell(entry, answer);
      this.#tell({ sent: { entry, answer, owner: kept.owner } });
    } catch (thrown) {
      const error = asError(thrown);
      const { reason, message, violations, metadata } = error;
      const refusal = { reason, message, violations, metadata };
      lane.error = isFinal(error) ? undefined : refusal;
      if (!isFinal(error)) {
        this.#later(kept.lane, lane, error.retryAfter ?? 0);
        return false;
      }
      await store.update({ ...kept, refusal });
    } finally {
      this.#sending.delete(kept.requestId);
      await this.#changed();
    }
    return true;
  }

  #later(name: string, lane: Lane, atLeast: number): void {
    if (this.#isClosed) return;
    clearTimeout(lane.timer);
    lane.timer = setTimeout(() => void this.#run(name), atLeast + backoff(lane.tries++));
  }

  async #changed(): Promise<void> {
    await this.#load();
    this.#tell({});
  }

  #tell(told: Told): void {
    if (!this.#isClosed) this.#channel.post(told);
  }

  #hear({ sent }: Told): void {
    if (sent && sent.owner === this.parts.session.owner) void this.#sentElsewhere.tell(sent.entry, sent.answer);
    this.#look();
  }

  async #load(): Promise<void> {
    this.#entries = (await this.#all()).map((kept) => this.#shown(kept));
    await this.#changes.tell();
  }

  #shown({ refusal, owner: _owner, ...kept }: Kept): QueueEntry {
    const state = refusal ? "failed" : this.#sending.has(kept.requestId) ? "sending" : "waiting";
    const error = refusal ?? (state === "waiting" ? this.#lanes.get(kept.lane)?.error : undefined);
    return error ? { ...kept, state, error } : { ...kept, state };
  }
}

/** Whether trying again can never help: what the session lacks, and what a proxy says, may be different another time. */
function isFinal({ retryable, status, reason }: RapportError): boolean {
  return !retryable && status !== 401 && !["SIGNED_OUT", "SESSION_REPLACED", "CANCELLED", "UNREADABLE"].includes(reason);
}
