// Whatever order readings and events arrive in, however often, what is known in the end is the same, and is what the server has.
import type { Chat, Event, Message, Sender } from "@rapport/client";
import { describe, expect, test } from "vitest";
import { Topics } from "./topics";
import { World } from "./world";

const CUSTOMER: Sender = { kind: "SENDER_KIND_CUSTOMER", id: "visitor_v", name: "Vera" };
const ADA: Sender = { kind: "SENDER_KIND_MEMBER", id: "member_ada", name: "Ada" };

/** The same numbers for the same seed, so that a failure can be seen again. */
function dice(seed: number): (sides: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (sides) => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % sides;
  };
}

function shuffled<T>(all: readonly T[], roll: (sides: number) => number): T[] {
  const left = [...all];
  return all.map(() => left.splice(roll(left.length), 1)[0] as T);
}

function chat(number: number, over: Partial<Chat> = {}): Chat {
  return {
    chatId: `chat_${String(number).padStart(6, "0")}`,
    state: "CHAT_STATE_WAITING",
    departmentId: "",
    assignee: undefined,
    customer: { customerId: "customer_c", visitorId: CUSTOMER.id, name: "Vera", email: "" },
    lastSeq: 0,
    customerReadSeq: 0,
    staffReadSeq: 0,
    pageUrl: "",
    closeReason: "",
    createdAt: "2026-01-01T00:00:00Z",
    claimedAt: undefined,
    closedAt: undefined,
    revision: 1,
    ...over,
  } as Chat;
}

function message(chatId: string, seq: number, sender = CUSTOMER): Message {
  return {
    messageId: `message_${seq}`,
    chatId,
    seq,
    sender,
    text: `${seq}`,
    internal: false,
    sentAt: "2026-01-01T00:00:00Z",
  } as Message;
}

function event(body: Partial<Event>): Event {
  return { type: "EVENT_TYPE_UNSPECIFIED", at: "2026-01-01T00:00:00Z", ...body } as Event;
}

function world(): World {
  return new World(new Topics(() => undefined));
}

const isWaiting = ({ state }: Chat) => state === "CHAT_STATE_WAITING";

/** A server of chats: each step changes one and tells of it; a list can be read at any time. */
class Server {
  readonly chats = new Map<string, Chat>();
  readonly messages = new Map<string, Message[]>();
  readonly hidden = new Set<string>();

  constructor(private readonly roll: (sides: number) => number) {}

  step(): Event[] {
    const { roll } = this;
    const all = [...this.chats.values()].filter(({ chatId }) => !this.hidden.has(chatId));
    const one = all[roll(Math.max(1, all.length))];
    if (!one || roll(4) === 0) {
      const made = chat(this.chats.size + 1);
      return [this.#save(made)];
    }
    switch (roll(6)) {
      case 0:
        return [
          this.#save({
            ...one,
            state: "CHAT_STATE_ACTIVE",
            assignee: { memberId: ADA.id, name: "Ada" },
            revision: one.revision + 1,
          }),
        ];
      case 1:
        return [this.#save({ ...one, state: "CHAT_STATE_CLOSED", revision: one.revision + 1 })];
      case 2: {
        const revision = one.revision + 1;
        this.chats.set(one.chatId, { ...one, state: "CHAT_STATE_WAITING", revision });
        const left = event({ chatLeft: { chatId: one.chatId, revision } });
        if (roll(2) === 0) {
          this.hidden.add(one.chatId);
          return [left];
        }
        return [left, this.#save({ ...one, state: "CHAT_STATE_WAITING", departmentId: "department_d", revision })];
      }
      case 3: {
        const seq = Math.min(one.lastSeq, one.staffReadSeq + 1);
        if (seq === 0) return [];
        this.chats.set(one.chatId, { ...one, staffReadSeq: seq });
        return [event({ messagesRead: { chatId: one.chatId, reader: ADA, seq } })];
      }
      default: {
        const sent = message(one.chatId, one.lastSeq + 1);
        this.messages.set(one.chatId, [...(this.messages.get(one.chatId) ?? []), sent]);
        this.chats.set(one.chatId, { ...one, lastSeq: sent.seq });
        return [event({ messageSent: { message: sent, requestId: `r${one.chatId}${sent.seq}` } })];
      }
    }
  }

  visible(): Chat[] {
    return [...this.chats.values()]
      .filter(({ chatId }) => !this.hidden.has(chatId))
      .sort((a, b) => (a.chatId > b.chatId ? -1 : 1));
  }

  #save(now: Chat): Event {
    this.chats.set(now.chatId, now);
    return event({ chatUpdated: { chat: now } });
  }
}

/** A history that is heard while two lists are read somewhere on the way and arrive somewhat later. */
function live(seed: number): { readonly server: Server; readonly mine: World; readonly heard: Event[] } {
  const roll = dice(seed);
  const server = new Server(roll);
  for (let step = roll(20); step > 0; step--) server.step();
  const mine = world();
  mine.chats.view("all", () => true);
  mine.chats.view("waiting", isWaiting);
  const steps = 10 + roll(40);
  const late = () => {
    const asked = roll(steps);
    return { asked, due: asked + roll(steps - asked) };
  };
  const pages = [
    { ...late(), key: "all", take: () => true, read: [] as Chat[] },
    { ...late(), key: "waiting", take: isWaiting, read: [] as Chat[] },
  ];
  const heard: Event[] = [];
  for (let step = 0; step < steps; step++) {
    for (const page of pages) if (page.asked === step) page.read = server.visible().filter(page.take);
    const told = server.step();
    heard.push(...told);
    for (const each of told) mine.hear(each);
    for (const { due, key, read } of pages) if (due === step) mine.chats.page(key, read, "");
  }
  return { server, mine, heard };
}

describe("a world", () => {
  test("comes to the same whenever a list was read that arrives late", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const { server, mine, heard } = live(seed);
      const ids = server.visible().map(({ chatId }) => chatId);
      const waiting = server.visible().filter(isWaiting);
      expect(mine.chats.view("all", () => true).ids, `seed ${seed}`).toEqual(ids);
      expect(mine.chats.view("waiting", isWaiting).ids, `seed ${seed}`).toEqual(waiting.map(({ chatId }) => chatId));
      expect(
        ids.map((id) => mine.chats.get(id)),
        `seed ${seed}`,
      ).toEqual(server.visible());
      // Events once more change nothing.
      for (const told of heard) if (!told.chatLeft) mine.hear(told);
      expect(mine.chats.view("all", () => true).ids).toEqual(ids);
    }
  });

  test("shows of a list what has been read of it, and what comes above", () => {
    const mine = world();
    mine.chats.view("all", () => true);
    mine.chats.page("all", [chat(9), chat(8)], "more");
    mine.hear(event({ chatUpdated: { chat: chat(10) } }));
    mine.hear(event({ chatUpdated: { chat: chat(3) } }));
    expect(mine.chats.view("all", () => true).ids).toEqual(["chat_000010", "chat_000009", "chat_000008"]);
    mine.chats.page("all", [chat(7), chat(2)], "");
    expect(mine.chats.view("all", () => true).ids.map((id) => Number(id.slice(5)))).toEqual([10, 9, 8, 7, 3, 2]);
  });

  test("gives the same messages from pages and events in any order, doubled or not", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const roll = dice(seed);
      const total = 1 + roll(60);
      const all = Array.from({ length: total }, (_, index) => message("chat_a", index + 1, roll(2) ? ADA : CUSTOMER));
      const pieces: Message[][] = [];
      for (let from = 0; from < total; ) {
        const size = 1 + roll(9);
        pieces.push(all.slice(from, from + size));
        from += size;
      }
      for (let extra = roll(5); extra > 0; extra--) pieces.push(pieces[roll(pieces.length)] as Message[]);
      const mine = world();
      mine.openChat("chat_a");
      for (const piece of shuffled(pieces, roll)) {
        if (piece.length === 1 && piece[0]) mine.hear(event({ messageSent: { message: piece[0], requestId: "r" } }));
        else mine.addMessages("chat_a", piece, true);
      }
      expect(mine.messages("chat_a").items, `seed ${seed}`).toEqual(all);
      expect(mine.latest("chat_a"), `seed ${seed}`).toEqual(all.at(-1));
    }
  });

  test("shows the last message as it was read until a later one is heard, and an event's chat takes nothing back", () => {
    const mine = world();
    const id = "chat_000001";
    const { messageId: _, chatId: __, ...read } = message(id, 3);
    mine.chats.view("all", () => true);
    mine.hear(event({ chatUpdated: { chat: chat(1, { lastSeq: 3 }) } }));
    expect(mine.latest(id)).toBeUndefined();
    mine.chats.page("all", [chat(1, { lastSeq: 3, lastMessage: read })], "");
    expect(mine.latest(id)).toEqual(read);
    mine.hear(event({ chatUpdated: { chat: chat(1, { lastSeq: 3, revision: 2 }) } }));
    expect(mine.latest(id)).toEqual(read);
    mine.hear(event({ messageSent: { message: message(id, 4, ADA), requestId: "" } }));
    expect(mine.latest(id)).toEqual(message(id, 4, ADA));
    mine.chats.put(chat(1, { lastSeq: 3, lastMessage: read }));
    expect(mine.latest(id)?.seq).toBe(4);
    mine.hear(event({ chatLeft: { chatId: id, revision: 3 } }));
    expect(mine.latest(id)).toBeUndefined();
  });

  test("takes no mark back, and knows those heard before the chat was read", () => {
    const mine = world();
    mine.hear(event({ messageSent: { message: message("chat_000001", 5), requestId: "" } }));
    mine.hear(event({ messagesRead: { chatId: "chat_000001", reader: ADA, seq: 4 } }));
    mine.chats.put(chat(1, { lastSeq: 3, staffReadSeq: 1 }));
    expect(mine.chats.get("chat_000001")).toMatchObject({ lastSeq: 5, staffReadSeq: 4 });
    mine.hear(event({ messagesRead: { chatId: "chat_000001", reader: ADA, seq: 2 } }));
    mine.chats.put(chat(1, { lastSeq: 4, revision: 2, state: "CHAT_STATE_CLOSED" }));
    expect(mine.chats.get("chat_000001")).toMatchObject({ lastSeq: 5, staffReadSeq: 4, state: "CHAT_STATE_CLOSED" });
  });

  test("leaves the marks of a viewer to the viewer", () => {
    const mine = world();
    mine.viewers = new Set([ADA.id]);
    mine.chats.put(chat(1, { lastSeq: 3 }));
    mine.hear(event({ messagesRead: { chatId: "chat_000001", reader: ADA, seq: 3 } }));
    expect(mine.chats.get("chat_000001")?.staffReadSeq).toBe(0);
  });

  test("forgets who writes when they have sent, stopped, or been silent", () => {
    let now = 1_000;
    const mine = new World(new Topics(() => undefined), () => now);
    mine.typing({ chatId: "chat_a", sender: CUSTOMER, typing: true });
    mine.typing({ chatId: "chat_a", sender: ADA, typing: true });
    mine.hear(event({ messageSent: { message: message("chat_a", 1, ADA), requestId: "" } }));
    expect(mine.writers("chat_a").map(({ sender }) => sender.id)).toEqual([CUSTOMER.id]);
    now += 5_999;
    expect(mine.hush()).toBe(7_000);
    now += 1;
    expect(mine.hush()).toBeUndefined();
    expect(mine.writers("chat_a")).toEqual([]);
  });

  test("knows nothing after a reset, and reads an older store as it is", () => {
    const mine = world();
    mine.openChat("chat_000001");
    mine.chats.view("all", () => true);
    mine.chats.page("all", [chat(1, { revision: 7 })], "");
    mine.addMessages("chat_000001", [message("chat_000001", 1)], true);
    mine.reset();
    expect(mine.chats.view("all", () => true)).toEqual({ ids: [], isBegun: false, isComplete: false, next: "" });
    expect(mine.messages("chat_000001")).toEqual({ items: [], isBegun: false });
    mine.chats.page("all", [chat(1, { revision: 2 })], "");
    expect(mine.chats.get("chat_000001")?.revision).toBe(2);
    expect(mine.epoch).toBe(1);
  });
});
