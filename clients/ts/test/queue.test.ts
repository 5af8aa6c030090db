import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { Browser } from "./browser.js";
import { Network } from "./network.js";
import { Ears, type MemberTab, signedIn, turned, until, type VisitorTab, visitorTab } from "./people.js";
import { Server } from "./server.js";

let server: Server;
let network: Network;
let browser: Browser;
let vera: VisitorTab;
let ada: MemberTab;
let chatId: string;

beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.stop());

beforeEach(async () => {
  network = await Network.to(server.url);
  browser = new Browser();
  vera = visitorTab(network.url, browser);
  ada = await signedIn(server, server.demo.agents[0]);
  chatId = (await vera.chats.startChat({ name: "Vera", text: "0" })).chat?.chatId ?? "";
});
afterEach(async () => {
  vera.close();
  ada.close();
  await network.close();
});

/** What stands in the chat. */
async function said(): Promise<string[]> {
  const { messages } = await ada.chats.listMessages({ chatId, pageSize: 200 });
  return messages.map(({ text }) => text);
}

function emptied(tab: VisitorTab): Promise<true> {
  return until(
    "the queue is empty",
    (look) => tab.queue.onChange(look),
    () => tab.queue.entries().length === 0,
  );
}

/** Ends when so many were acknowledged to the tab. */
function sent(tab: VisitorTab, count: number): Promise<true> {
  let heard = 0;
  return until(
    `${count} are sent`,
    (look) =>
      tab.queue.onSent(() => {
        heard += 1;
        look();
      }),
    () => heard >= count,
  );
}

function states(tab: VisitorTab) {
  return tab.queue.entries().map(({ request, state, error }) => [request.text, state, error?.reason]);
}

test("what is sent without a network is sent when it is back, in order", async () => {
  await vera.live.start();
  network.down();
  await turned(vera, "waiting");
  for (const text of ["1", "2", "3"]) await vera.queue.send({ chatId, text });
  expect(vera.queue.entries(chatId).map(({ request }) => request.text)).toEqual(["1", "2", "3"]);
  expect(await said()).toEqual(["0"]);
  network.up();
  await emptied(vera);
  expect(await said()).toEqual(["0", "1", "2", "3"]);
});

test("it survives a reload, and the event tells which entry it is", async () => {
  await vera.live.start();
  const { cursor } = vera.live;
  network.down();
  const entry = await vera.queue.send({ chatId, text: "kept" });
  await vera.queue.send({ chatId, text: "kept too" });
  vera.close();
  vera = visitorTab(network.url, browser);
  const ears = new Ears(vera);
  await until(
    "the queue is read",
    (look) => vera.queue.onChange(look),
    () => vera.queue.entries().length === 2,
  );
  network.up();
  await vera.live.start({ cursor });
  await emptied(vera);
  expect(await said()).toEqual(["0", "kept", "kept too"]);
  await ears.message("kept too");
  const ids = ears.events.map(({ event }) => event.messageSent?.requestId);
  expect(ids).toContain(entry.requestId);
});

test("a page that goes away before its database has kept what was sent leaves it to the next, and none sends it twice", async () => {
  const kept: string[] = [];
  const { tabStorage } = browser;
  // A database that never answers is one that does not answer in time.
  const slow = { open: () => ({}) } as unknown as IDBFactory;
  const dying = visitorTab(network.url, Object.assign(Object.create(browser) as Browser, { databases: slow }));
  const requestId = "0b5e6f1c-6d0e-4c39-9d0c-5a3f1e2d4c6b";
  void dying.queue.send({ chatId, requestId, text: "in one breath with the reload" });
  void dying.queue.send({ chatId, text: "and another" });
  kept.push(...tabStorage.all.values());
  dying.close();
  const after = visitorTab(network.url, browser);
  onTestFinished(() => after.close());
  let most = 0;
  after.queue.onChange(() => {
    most = Math.max(most, after.queue.entries().length);
  });
  // A page that has kept it as well brings it home as well.
  const [again] = await Promise.all([
    after.queue.send({ chatId, requestId, text: "in one breath with the reload" }),
    sent(after, 2),
  ]);
  expect([again.requestId, most]).toEqual([requestId, 2]);
  expect(await said()).toEqual(["0", "in one breath with the reload", "and another"]);
  expect([...tabStorage.all]).toEqual([]);
  // It had kept them all the same, and was gone before it could say so.
  tabStorage.setItem("test-queue", kept.at(-1) ?? "");
  const last = visitorTab(network.url, browser);
  onTestFinished(() => last.close());
  await sent(last, 2);
  expect(await said()).toEqual(["0", "in one breath with the reload", "and another"]);
});

test("what one tab sends another hears of, with the answer", async () => {
  const second = visitorTab(network.url, browser);
  onTestFinished(() => second.close());
  const heard: string[] = [];
  const hear = (where: string) => (entry: { requestId: string }, answer: unknown) => {
    heard.push(`${where} ${entry.requestId} ${(answer as { message?: { seq: number } }).message?.seq}`);
  };
  for (const { queue } of [vera, second]) {
    queue.onSent(hear("here"));
    queue.onSentElsewhere(hear("elsewhere"));
  }
  const { requestId } = await second.queue.send({ chatId, text: "1" });
  await until(
    "both have heard",
    (look) => {
      const ends = [vera, second].flatMap(({ queue }) => [queue.onSent(look), queue.onSentElsewhere(look)]);
      return () => {
        for (const end of ends) end();
      };
    },
    () => heard.length === 2,
  );
  expect(heard.sort()).toEqual([`elsewhere ${requestId} 2`, `here ${requestId} 2`]);
});

test("a reload while the answer is under way doubles nothing", async () => {
  const adaHears = new Ears(ada);
  await Promise.all([ada.live.start(), vera.live.start()]);
  network.deafen();
  await vera.queue.send({ chatId, text: "once" });
  await adaHears.message("once");
  expect(states(vera)).toEqual([["once", "sending", undefined]]);
  vera.close();
  network.cut();
  vera = visitorTab(network.url, browser);
  const sent = new Promise((acknowledged) => vera.queue.onSent((_entry, answer) => acknowledged(answer)));
  expect(await sent).toMatchObject({ message: { text: "once", seq: 2 } });
  await emptied(vera);
  expect(await said()).toEqual(["0", "once"]);
});

test("what waits says why it was not taken", async () => {
  const busy = new Browser();
  const { fetch } = busy;
  let isBusy = true;
  const refusing: typeof fetch = async (input, init) =>
    isBusy && String(input).endsWith("/messages") ? new Response("<h1>Slow down</h1>", { status: 429 }) : fetch(input, init);
  Object.assign(busy, { fetch: refusing });
  const tab = visitorTab(network.url, busy);
  onTestFinished(() => tab.close());
  const { chat } = await tab.chats.startChat({ name: "Vera" });
  await tab.queue.send({ chatId: chat?.chatId ?? "", text: "1" });
  await until(
    "it waits again",
    (look) => tab.queue.onChange(look),
    () => tab.queue.entries()[0]?.state === "waiting" && tab.queue.entries()[0]?.error,
  );
  expect(states(tab)).toEqual([["1", "waiting", "RATE_LIMITED"]]);
  isBusy = false;
  await emptied(tab);
});

test("what is refused for good stays, with the reason, and holds nothing else up", async () => {
  const other = (await vera.chats.startChat({ text: "another chat" })).chat?.chatId ?? "";
  await ada.chats.closeChat({ chatId });
  const { requestId } = await vera.queue.send({ chatId, text: "too late" });
  await vera.queue.send({ chatId: other, text: "in time" });
  await until(
    "one is left, and has failed",
    (look) => vera.queue.onChange(look),
    () => vera.queue.entries().length === 1 && vera.queue.entries()[0]?.state === "failed",
  );
  expect(states(vera)).toEqual([["too late", "failed", "CHAT_CLOSED"]]);
  vera.close();
  vera = visitorTab(network.url, browser);
  await until(
    "the queue is read",
    (look) => vera.queue.onChange(look),
    () => vera.queue.entries().length === 1,
  );
  expect(states(vera)).toEqual([["too late", "failed", "CHAT_CLOSED"]]);
  const tried: string[] = [];
  vera.queue.onChange(() => void tried.push(vera.queue.entries()[0]?.state ?? "none"));
  await vera.queue.retry(requestId);
  await until(
    "it has failed again",
    (look) => vera.queue.onChange(look),
    () => tried.includes("sending") && tried.at(-1) === "failed",
  );
  expect(await vera.queue.discard(requestId)).toBe(true);
  expect(vera.queue.entries()).toEqual([]);
});

test.each(["with locks", "without locks"])(
  "two tabs share the queue, and what both could send is there once, %s",
  async (how) => {
    if (how === "without locks") {
      vera.close();
      browser = new Browser("locks");
      vera = visitorTab(network.url, browser);
      chatId = (await vera.chats.startChat({ name: "Vera", text: "0" })).chat?.chatId ?? "";
    }
    const second = visitorTab(network.url, browser);
    network.down();
    for (let n = 1; n <= 10; n++) await (n % 2 ? vera : second).queue.send({ chatId, text: String(n) });
    await until(
      "both tabs see all",
      (look) => second.queue.onChange(look),
      () => second.queue.entries().length === 10,
    );
    network.up();
    await Promise.all([emptied(vera), emptied(second)]);
    expect(await said()).toEqual(Array.from({ length: 11 }, (_, n) => String(n)));
    second.close();
  },
);

test("another rpc with a request id is queued alike", async () => {
  network.down();
  await vera.queue.add("tickets", "createTicket", { subject: "Help", text: "Nobody was there." });
  network.up();
  await emptied(vera);
  const { tickets } = await vera.tickets.listTickets();
  expect(tickets.map(({ subject }) => subject)).toEqual(["Help"]);
});

test("a visitor who is forgotten leaves nothing to send", async () => {
  network.down();
  await vera.queue.send({ chatId, text: "never" });
  await vera.session.forget();
  await emptied(vera);
  network.up();
  expect(await vera.session.isReturning()).toBe(false);
});

test("a server that is killed and started again has everything once, and is told everything once", async () => {
  const own = await Server.start();
  onTestFinished(() => own.stop());
  const owner = await signedIn(own, own.demo.owner);
  const visitor = visitorTab(own.url, new Browser());
  const [hearsOwner, hearsVisitor] = [new Ears(owner), new Ears(visitor)];
  await Promise.all([owner.live.start(), visitor.live.start()]);
  const chat = (await visitor.chats.startChat({ text: "0" })).chat?.chatId ?? "";
  const count = 40;
  for (let n = 1; n <= count; n++) {
    await visitor.queue.send({ chatId: chat, text: String(n) });
    if (n === 15) await own.kill();
    if (n === 30) await own.startAgain();
  }
  await Promise.all([hearsOwner.message(String(count)), hearsVisitor.message(String(count)), emptied(visitor)]);
  const all = Array.from({ length: count + 1 }, (_, n) => String(n));
  const { messages } = await owner.chats.listMessages({ chatId: chat, pageSize: 200 });
  expect(messages.map(({ text }) => text)).toEqual(all);
  expect(hearsOwner.texts).toEqual(all);
  expect(hearsVisitor.texts).toEqual(all);
  owner.close();
  visitor.close();
});
