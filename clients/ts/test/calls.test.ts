import { afterAll, beforeAll, expect, test } from "vitest";
import { createClient, memberSession, RapportError, visitorSession } from "../src/index.js";
import { Browser } from "./browser.js";
import { Server } from "./server.js";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.stop());

function member() {
  const browser = new Browser();
  return createClient({
    url: server.url,
    session: memberSession({ texts: browser.texts }),
    fetch: browser.fetch,
    tabs: browser.tabs,
  });
}

function visitor(browser = new Browser()) {
  const session = visitorSession({ workspace: server.demo.workspace, texts: browser.texts });
  return createClient({ url: server.url, session, fetch: browser.fetch, tabs: browser.tabs });
}

test("a conversation over HTTP", async () => {
  const vera = visitor();
  const ada = member();
  const { email, password } = server.demo.agents[0];
  const self = await ada.session.signIn({ workspace: server.demo.workspace, email, password });
  expect(self.name).toBe("Ada Agent");

  const { chat } = await vera.chats.startChat({ name: "Vera", text: "Hello?" });
  expect(chat).toMatchObject({
    state: "CHAT_STATE_WAITING",
    lastSeq: 1,
    staffReadSeq: 0,
    departmentId: "",
    customer: { email: "" },
  });
  const chatId = chat?.chatId ?? "";
  expect((await ada.chats.claimChat({ chatId })).chat?.assignee?.memberId).toBe(self.memberId);
  await ada.chats.sendMessage({ chatId, text: "Hi Vera!" });

  const { messages, nextPageToken } = await vera.chats.listMessages({ chatId, pageSize: 10 });
  expect(messages.map(({ seq, text, internal }) => ({ seq, text, internal }))).toEqual([
    { seq: 1, text: "Hello?", internal: false },
    { seq: 2, text: "Hi Vera!", internal: false },
  ]);
  expect(nextPageToken).toBe("");
  expect(await (await vera.chats.getTranscript({ chatId })).text()).toContain("Ada Agent");
  const listed = await ada.chats.listChats({ states: ["CHAT_STATE_ACTIVE", "CHAT_STATE_WAITING"] });
  expect(listed.chats.map((each) => each.chatId)).toEqual([chatId]);
});

test("an empty list is the caller's own", async () => {
  const vera = visitor();
  const first = await vera.chats.listChats();
  expect(first.chats).toEqual([]);
  first.chats.length = 3;
  expect((await vera.chats.listChats()).chats).toEqual([]);
});

test("what is refused says why", async () => {
  const vera = visitor();
  const refused = await vera.chats.sendMessage({ chatId: "chat_nonsense", text: " " }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(RapportError);
  expect(refused).toMatchObject({ reason: "FIELD_INVALID", status: 400, retryable: false });
  expect((refused as RapportError).violations.map(({ field }) => field).sort()).toEqual(["chatId", "text"]);
  expect((refused as RapportError).requestId).not.toBe("");
});
