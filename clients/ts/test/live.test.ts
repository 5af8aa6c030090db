import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Network } from "./network.js";
import { Ears, type MemberTab, memberTab, signedIn, turned, until, type VisitorTab, visitorTab } from "./people.js";
import { Server } from "./server.js";

let server: Server;
let network: Network;
let ada: MemberTab;
let vera: VisitorTab;

beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.stop());

beforeEach(async () => {
  network = await Network.to(server.url);
  ada = await signedIn(server, server.demo.agents[0]);
  vera = visitorTab(network.url);
});
afterEach(async () => {
  ada.close();
  vera.close();
  await network.close();
});

async function chatOf(tab: VisitorTab, text: string): Promise<string> {
  const { chat } = await tab.chats.startChat({ name: "Vera", text });
  return chat?.chatId ?? "";
}

test("a conversation over the sockets", async () => {
  const [hearsAda, hearsVera] = [new Ears(ada), new Ears(vera)];
  await Promise.all([ada.live.start(), vera.live.start()]);
  const connections = network.connections;
  const chatId = await chatOf(vera, "Hello?");
  await hearsAda.message("Hello?");
  await ada.chats.claimChat({ chatId });
  const typing = new Promise((heard) => vera.live.onTyping(heard));
  await ada.chats.setTyping({ chatId, typing: true });
  expect(await typing).toMatchObject({ chatId, typing: true, sender: { name: "Ada Agent" } });
  const { message } = await ada.chats.sendMessage({ chatId, text: "Hi Vera!" });
  await hearsVera.message("Hi Vera!");
  const read = new Promise((heard) => ada.live.on("messagesRead", heard));
  expect(await vera.chats.markRead({ chatId, seq: message?.seq ?? 0 })).toEqual({ readSeq: 2 });
  expect(await read).toMatchObject({ chatId, seq: 2 });
  expect(hearsVera.texts).toEqual(["Hello?", "Hi Vera!"]);
  expect(network.connections, "every call travelled over the socket").toBe(connections);
});

test("more calls at once than a socket takes all have their answer", async () => {
  await vera.live.start();
  const chatId = await chatOf(vera, "many");
  const answers = await Promise.all(Array.from({ length: 30 }, () => vera.chats.getChat({ chatId }, { retry: false })));
  expect(answers.map(({ chat }) => chat?.chatId)).toEqual(Array(30).fill(chatId));
});

test("a refused call says why, over the socket as over HTTP", async () => {
  await vera.live.start();
  const request = { chatId: "chat_nonsense", text: " " };
  const overSocket = await vera.chats.sendMessage(request).catch((error: unknown) => error);
  await vera.live.stop();
  const overHttp = await vera.chats.sendMessage(request).catch((error: unknown) => error);
  expect(overSocket).toMatchObject({ reason: "FIELD_INVALID", status: 400 });
  const { requestId: _one, ...one } = { ...(overSocket as object) } as { requestId?: string };
  const { requestId: _other, ...other } = { ...(overHttp as object) } as { requestId?: string };
  expect(one).toEqual(other);
});

test("what is too long for a frame goes another way, and the socket stays", async () => {
  const ears = new Ears(vera);
  await vera.live.start();
  const chatId = await chatOf(vera, "0");
  // Each is six characters of JSON.
  const long = "\u0001".repeat(8_000);
  await vera.chats.sendMessage({ chatId, text: long });
  await vera.chats.sendMessage({ chatId, text: "€".repeat(8_000) });
  await ears.message("€".repeat(8_000));
  expect(ears.texts).toEqual(["0", long, "€".repeat(8_000)]);
});

test("over broken connections each event comes exactly once and in order", async () => {
  const ears = new Ears(vera);
  await vera.live.start();
  const chatId = await chatOf(vera, "0");
  const count = 60;
  for (let n = 1; n <= count; n++) {
    await ada.chats.sendMessage({ chatId, text: String(n) });
    if (n % 10 === 5) network.cut();
  }
  await ears.message(String(count));
  expect(ears.texts).toEqual(Array.from({ length: count + 1 }, (_, n) => String(n)));
  expect(new Set(ears.cursors).size).toBe(ears.cursors.length);
});

test("a call whose connection breaks is made again where that is safe", async () => {
  const ears = new Ears(vera);
  await vera.live.start();
  const chatId = await chatOf(vera, "0");
  const adaHears = new Ears(ada);
  await ada.live.start();
  network.deafen();
  const send = vera.chats.sendMessage({ chatId, text: "once" });
  const mark = vera.chats.markRead({ chatId, seq: 1 }).catch((error: unknown) => error);
  const reading = vera.chats.getChat({ chatId });
  // The server has taken the message before the connection breaks.
  await adaHears.message("once");
  network.cut();
  expect((await send).message?.seq).toBe(2);
  expect((await reading).chat?.chatId).toBe(chatId);
  expect(await mark).toMatchObject({ reason: "NETWORK", retryable: true });
  await ears.message("once");
  const { messages } = await vera.chats.listMessages({ chatId });
  expect(messages.map(({ text }) => text)).toEqual(["0", "once"]);
});

test("a connection that goes nowhere is noticed and replaced", async () => {
  const ears = new Ears(vera);
  await vera.live.start();
  const chatId = await chatOf(vera, "0");
  network.deafen();
  await ada.chats.sendMessage({ chatId, text: "said into the void" });
  // What a browser says when it has another network; without it the silence itself is noticed, half a minute later.
  vera.live.check();
  await turned(vera, "waiting");
  await ears.message("said into the void");
  expect(ears.texts).toEqual(["0", "said into the void"]);
});

test("who comes back with a kept cursor hears what was missed, and nothing twice", async () => {
  const before = new Ears(vera);
  await vera.live.start();
  const chatId = await chatOf(vera, "0");
  await before.message("0");
  await vera.live.stop();
  expect(vera.live.status.state).toBe("idle");
  const { cursor } = vera.live;
  await ada.chats.sendMessage({ chatId, text: "meanwhile" });
  const later = new Ears(vera);
  await vera.live.start({ cursor });
  await later.message("meanwhile");
  expect(later.texts).toEqual(["meanwhile"]);
});

test("a cursor that is worthless is told as a reset, and the connection goes on", async () => {
  const ears = new Ears(vera);
  const reset = new Promise((heard) => vera.live.onReset(heard));
  await vera.live.start({ cursor: "nonsense" });
  expect(await reset).toBe("CURSOR_INVALID");
  await chatOf(vera, "after it");
  await ears.message("after it");
});

test("a listener that takes its time has its event before the cursor moves, and one that throws disturbs nobody", async () => {
  const order: string[] = [];
  const reported: unknown[] = [];
  const { reportError } = globalThis;
  globalThis.reportError = (thrown) => void reported.push(thrown);
  vera.live.on("messageSent", async ({ message }, _event, cursor) => {
    order.push(`begins ${message?.text}`);
    await vera.chats.getChat({ chatId: message?.chatId ?? "" });
    order.push(`ends ${message?.text}`);
    expect(vera.live.cursor).not.toBe(cursor);
  });
  vera.live.on("messageSent", () => {
    throw new Error("of a listener");
  });
  const ears = new Ears(vera);
  await vera.live.start();
  const chatId = await chatOf(vera, "one");
  await vera.chats.sendMessage({ chatId, text: "two" });
  await ears.message("two");
  await vera.live.stop();
  globalThis.reportError = reportError;
  expect(order).toEqual(["begins one", "ends one", "begins two", "ends two"]);
  expect(reported).toHaveLength(2);
  expect(vera.live.cursor).toBe(ears.cursors.at(-1));
});

test("a stream goes on over another way when its connection breaks", async () => {
  const url = network.url;
  const owner = await signedIn(server, server.demo.owner, url);
  await owner.live.start();
  const ended = new AbortController();
  const online = new Set<string>();
  let restarts = 0;
  let seen = (): void => undefined;
  const watching = (async () => {
    const options = { signal: ended.signal, onRestart: () => void restarts++ };
    for await (const { members } of owner.presence.watchPresence({}, options)) {
      for (const { memberId, status } of members)
        status === "PRESENCE_STATUS_OFFLINE" ? online.delete(memberId) : online.add(memberId);
      seen();
    }
  })();
  const listen = (look: () => void) => {
    seen = look;
    return () => undefined;
  };
  const sees = (count: number) => until(`${count} are online`, listen, () => online.size === count);
  await sees(1);
  network.cut();
  await ada.live.start();
  await sees(2);
  expect(restarts).toBeGreaterThan(0);
  ended.abort();
  await expect(watching).rejects.toMatchObject({ reason: "CANCELLED" });
  owner.close();
});

test("without a session there is no connection, and it says so", async () => {
  const stranger = memberTab(server.url);
  await expect(stranger.live.start()).rejects.toMatchObject({ reason: "SIGNED_OUT" });
  expect(stranger.live.status).toMatchObject({ state: "ended", error: { reason: "SIGNED_OUT" } });
});
