import { createServer } from "node:http";
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { RapportError } from "../src/index.js";
import { Network } from "./network.js";
import { type VisitorTab, visitorTab } from "./people.js";
import { Server } from "./server.js";

let server: Server;
let network: Network;
let vera: VisitorTab;

beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.stop());
beforeEach(async () => {
  network = await Network.to(server.url);
  vera = visitorTab(network.url);
  await vera.auth.getSelf();
});
afterEach(async () => {
  vera.close();
  await network.close();
});

async function failure(call: Promise<unknown>): Promise<RapportError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RapportError)) throw new Error(`it did not fail as it should: ${error}`);
  return error;
}

test("what is not there is not found", async () => {
  const error = await failure(vera.chats.getChat({ chatId: "chat_01h455vb4pex5vsknk084sn02q" }));
  expect(error).toMatchObject({ reason: "NOT_FOUND", status: 404, retryable: false, violations: [] });
  expect(error.message).not.toBe("");
});

test("what a visitor may not do names the permission", async () => {
  const error = await failure(vera.tenants.listMembers());
  expect(error).toMatchObject({ reason: "PERMISSION_MISSING", status: 403 });
  expect(error.metadata.permission).toMatch(/MEMBERS_READ$/);
});

test("too much is refused with a time to come back", async () => {
  const strict = await Server.start({ RAPPORT_LIMITS__SIGN_INS: "1" });
  onTestFinished(() => strict.stop());
  const tab = visitorTab(strict.url);
  const asks = Array.from({ length: 40 }, () => failure(tab.auth.startVisit({ workspace: "nobody" }, { retry: false })));
  const limited = (await Promise.all(asks)).find(({ reason }) => reason === "RATE_LIMITED");
  expect(limited).toMatchObject({ status: 429, retryable: true });
  expect(limited?.retryAfter).toBeGreaterThanOrEqual(1_000);
  tab.close();
});

test("no server is a fault of the network, after tries that the time allows", async () => {
  network.down();
  const begun = Date.now();
  const error = await failure(vera.chats.listChats({}, { timeoutMs: 700 }));
  expect(["NETWORK", "TIMEOUT"]).toContain(error.reason);
  expect(error).toMatchObject({ status: 0, retryable: true, requestId: "" });
  expect(Date.now() - begun).toBeLessThan(2_000);
  expect(await failure(vera.chats.setTyping({ chatId: "chat_x", typing: true }))).toMatchObject({ reason: "NETWORK" });
});

test("no answer in time is told as that; the caller's own end as that", async () => {
  // Over whatever connection it is asked.
  void network.losesAnAnswer();
  expect(await failure(vera.chats.listChats({}, { timeoutMs: 200 }))).toMatchObject({ reason: "TIMEOUT", retryable: true });
  const control = new AbortController();
  const call = failure(vera.chats.listChats({}, { signal: control.signal }));
  control.abort();
  expect(await call).toMatchObject({ reason: "CANCELLED", retryable: false });
});

test("the same over the socket", async () => {
  await vera.live.start();
  network.deafen();
  expect(await failure(vera.chats.listChats({}, { timeoutMs: 200 }))).toMatchObject({ reason: "TIMEOUT", retryable: true });
  const control = new AbortController();
  const call = failure(vera.chats.listChats({}, { signal: control.signal }));
  control.abort();
  expect(await call).toMatchObject({ reason: "CANCELLED", retryable: false });
});

test.each([
  [413, {}, { reason: "REQUEST_TOO_LARGE", retryable: false, retryAfter: undefined }],
  [429, { "retry-after": "7" }, { reason: "RATE_LIMITED", retryable: true, retryAfter: 7_000 }],
  [429, {}, { reason: "RATE_LIMITED", retryable: true, retryAfter: undefined }],
])("a proxy that says %s says it for the server", async (status, headers, said) => {
  const proxy = createServer((_request, response) =>
    response.writeHead(status, { "content-type": "text/html", ...headers }).end("<h1>No</h1>"),
  );
  await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
  const { port } = proxy.address() as { port: number };
  const tab = visitorTab(`http://127.0.0.1:${port}`);
  expect(await failure(tab.auth.getKeySet({}, { retry: false }))).toMatchObject({ status, ...said });
  tab.close();
  proxy.closeAllConnections();
  await new Promise((done) => proxy.close(done));
});

test("a proxy that answers in the server's place is told apart", async () => {
  const proxy = createServer((_request, response) =>
    response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad</h1>"),
  );
  await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
  const { port } = proxy.address() as { port: number };
  const tab = visitorTab(`http://127.0.0.1:${port}`);
  const error = await failure(tab.auth.getKeySet({}, { retry: false }));
  expect(error).toMatchObject({ reason: "UNREADABLE", status: 502, retryable: true });
  tab.close();
  proxy.closeAllConnections();
  await new Promise((done) => proxy.close(done));
});

test("a stream over HTTP goes on where it was when it breaks, and ends when its reader has enough", async () => {
  const chatId = (await vera.chats.startChat({ text: "0" })).chat?.chatId ?? "";
  const texts: string[] = [];
  const broke: string[] = [];
  const { cursor } = await vera.events.read({ types: ["EVENT_TYPE_TENANT_UPDATED"] });
  const onRestart = ({ reason }: RapportError) => void broke.push(reason);
  for await (const { event, checkpoint } of vera.events.subscribe({ cursor, chatIds: [chatId] }, { onRestart })) {
    if (checkpoint && texts.length === 0) await vera.chats.sendMessage({ chatId, text: "1" });
    const { text } = event?.messageSent?.message ?? {};
    if (text === undefined) continue;
    texts.push(text);
    if (text === "1") {
      network.cut();
      await vera.chats.sendMessage({ chatId, text: "2" });
    }
    if (text === "2") break;
  }
  expect(texts).toEqual(["1", "2"]);
  expect(broke).toEqual(["NETWORK"]);
});

test("without a word about breaks a stream ends with the error", async () => {
  const reading = (async () => {
    for await (const { checkpoint } of vera.events.subscribe()) if (checkpoint) network.cut();
  })();
  expect(await failure(reading)).toMatchObject({ reason: "NETWORK" });
});

test("a server that goes away on purpose is come back to when it says", async () => {
  const own = await Server.start();
  onTestFinished(() => own.stop());
  const tab = visitorTab(own.url);
  await tab.live.start();
  const states: string[] = [];
  tab.live.onStatus(({ state }) => void states.push(state));
  await own.leave();
  await own.startAgain();
  await tab.live.start();
  expect(states.at(0)).toBe("waiting");
  expect(states.at(-1)).toBe("open");
  tab.close();
});
