import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { Browser } from "./browser.js";
import { Network } from "./network.js";
import { Ears, type MemberTab, memberTab, signedIn, turned, until, visitorTab } from "./people.js";
import { Server } from "./server.js";

const MINUTE = 60_000;
const REFRESH = "/v1/auth:refresh";

let server: Server;
let network: Network;
const tabs: { close(): void }[] = [];

beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.stop());
beforeEach(async () => {
  network = await Network.to(server.url);
});
afterEach(async () => {
  vi.useRealTimers();
  for (const tab of tabs.splice(0)) tab.close();
  await network.close();
});

function opened<T extends { close(): void }>(tab: T): T {
  tabs.push(tab);
  return tab;
}

/** A tab of Ada's browser, signed in through the network that the tests break. */
async function ada(browser = new Browser()): Promise<MemberTab> {
  return opened(await signedIn(server, server.demo.agents[0], network.url, browser));
}

/** What a tab sees whose page is loaded later. */
function another(browser: Browser): MemberTab {
  return opened(memberTab(network.url, browser));
}

/** Lets time pass for the clients; the servers' goes on as it does. */
function later(ms: number): void {
  const now = Date.now();
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now + ms);
}

function over(tab: MemberTab) {
  return until(
    "the session is over",
    (look) => tab.session.onChange(look),
    () => tab.session.state.status === "over" && tab.session.state,
  );
}

test("a browser without a session has none, and says so", async () => {
  const tab = another(new Browser());
  expect(tab.session.state).toEqual({ status: "unknown" });
  expect(await tab.session.restore()).toBe(false);
  expect(tab.session.state).toEqual({ status: "over" });
  await expect(tab.chats.listChats()).rejects.toMatchObject({ reason: "SIGNED_OUT" });
});

test("a wrong password is refused, the right one afterwards is not", async () => {
  const tab = another(new Browser());
  const { email, password } = server.demo.agents[0];
  const wrong = tab.session.signIn({ workspace: "demo", email, password: `${password}?` });
  await expect(wrong).rejects.toMatchObject({ reason: "CREDENTIALS_WRONG", status: 401 });
  expect((await tab.session.signIn({ workspace: "demo", email, password })).email).toBe(email);
});

test("a page that is loaded anew goes on with the session", async () => {
  const browser = new Browser();
  const before = await ada(browser);
  const { state } = before.session;
  before.close();
  const after = another(browser);
  expect(await after.session.restore()).toBe(true);
  expect(after.session.state).toEqual(state);
  expect((await after.auth.getSelf()).member?.name).toBe("Ada Agent");
});

test("a page that goes away in the middle of a renewal does not end the session", async () => {
  const browser = new Browser();
  const first = await ada(browser);
  first.close();
  const second = another(browser);
  const lost = network.losesAnAnswer();
  const restoring = second.session.restore().catch((error: unknown) => error);
  await lost;
  network.cut();
  network.down();
  second.close();
  expect(await restoring).toMatchObject({ reason: "CANCELLED" });
  network.up();
  for (const _again of [1, 2]) {
    const tab = another(browser);
    expect(await tab.session.restore()).toBe(true);
    expect((await tab.auth.getSelf()).member?.name).toBe("Ada Agent");
  }
});

test("of two tabs one renews the token, the other is told", async () => {
  const browser = new Browser();
  const one = await ada(browser);
  const two = another(browser);
  expect(await two.session.restore()).toBe(true);
  const before = browser.asked.get(REFRESH);
  later(14 * MINUTE);
  const [first, second] = await Promise.all([one.session.token(), two.session.token()]);
  expect(first).toBe(second);
  expect(browser.asked.get(REFRESH)).toBe((before ?? 0) + 1);
  await Promise.all([one.chats.listChats(), two.chats.listChats()]);
});

test("who signs out does so in all tabs, and there only", async () => {
  const browser = new Browser();
  const one = await ada(browser);
  const two = another(browser);
  const elsewhere = await ada();
  await two.session.restore();
  await Promise.all([one.live.start(), two.live.start(), elsewhere.live.start()]);
  await one.session.signOut();
  expect(await over(one)).toEqual({ status: "over" });
  expect(await over(two)).toEqual({ status: "over" });
  expect((await turned(two, "ended")).state).toBe("ended");
  expect(await another(browser).session.restore()).toBe(false);
  await elsewhere.chats.listChats();
  expect(elsewhere.live.status.state).toBe("open");
});

test("who signs in does so in all tabs; a tab that shows somebody else's things is told", async () => {
  const browser = new Browser();
  const one = await ada(browser);
  const fresh = another(browser);
  await fresh.session.restore();
  await one.session.signOut();
  await over(fresh);
  const { email, password } = server.demo.agents[0];
  const member = await one.session.signIn({ workspace: "demo", email, password });
  expect((await fresh.auth.getSelf()).member?.memberId).toBe(member.memberId);
  const ben = another(browser);
  await ben.session.signIn({ workspace: "demo", email: server.demo.agents[1].email, password: server.demo.agents[1].password });
  expect(await over(one)).toMatchObject({ error: { reason: "SESSION_REPLACED" } });
  await expect(one.chats.listChats()).rejects.toMatchObject({ reason: "SESSION_REPLACED" });
});

test("a member who is suspended meanwhile is out, everywhere, and is told why", async () => {
  const owner = await signedIn(server, server.demo.owner);
  const password = "a long enough one";
  const { member } = await owner.tenants.createMember({ name: "Tim", email: "tim@demo.example", password, role: "ROLE_AGENT" });
  const tim = another(new Browser());
  await tim.session.signIn({ workspace: "demo", email: "tim@demo.example", password });
  await tim.live.start();
  await owner.tenants.updateMember({ memberId: member?.memberId ?? "", state: "MEMBER_STATE_SUSPENDED" });
  const { error } = (await turned(tim, "ended")) as { error: { reason: string } };
  expect(error.reason).toBe("SESSION_ENDED");
  expect(await over(tim)).toMatchObject({ error: { reason: "SESSION_ENDED" } });
  await expect(tim.chats.listChats()).rejects.toMatchObject({ reason: "SESSION_ENDED" });
  owner.close();
});

test("a token that ends soon is renewed on the open socket", async () => {
  const browser = new Browser();
  const tab = await ada(browser);
  await tab.live.start();
  const { connections } = network;
  // Two tokens of one second would be the same text.
  const second = Math.floor(Date.now() / 1000);
  await until("the second of the token is over", polled, () => Math.floor(Date.now() / 1000) > second);
  later(14 * MINUTE);
  network.frame({ expiring: { inMs: 60_000 } });
  await until("it was renewed", polled, () => network.said.includes("reauthorized"));
  expect(browser.asked.get(REFRESH)).toBe(1);
  await tab.chats.listChats();
  expect(tab.live.status.state).toBe("open");
  // One for the renewal itself, which HTTP carries.
  expect(network.connections - connections).toBeLessThanOrEqual(1);
});

test("a visit's next token is another session's: the socket changes, and nothing is lost or doubled", async () => {
  const vera = opened(visitorTab(network.url));
  const owner = opened(await signedIn(server, server.demo.owner));
  const ears = new Ears(vera);
  await vera.live.start();
  const { state } = vera.session;
  const chatId = (await vera.chats.startChat({ text: "0" })).chat?.chatId ?? "";
  const states: string[] = [];
  vera.live.onStatus((status) => void states.push(status.state));
  later(14 * MINUTE);
  network.frame({ expiring: { inMs: 60_000 } });
  const sends = (async () => {
    for (let n = 1; n <= 30; n++) await (n % 2 ? owner : vera).chats.sendMessage({ chatId, text: String(n) });
  })();
  await until(
    "it is another session",
    (look) => vera.session.onChange(look),
    () => state.status === "active" && vera.session.state.status === "active" && vera.session.state.session !== state.session,
  );
  await sends;
  await ears.message("30");
  expect(ears.texts).toEqual(Array.from({ length: 31 }, (_, n) => String(n)));
  expect(new Set(states), "nobody needs to know of it").toEqual(new Set(["open"]));
});

test("a socket that is closed because its token is over comes back with another", async () => {
  const browser = new Browser();
  const tab = await ada(browser);
  await tab.live.start();
  const states: string[] = [];
  tab.live.onStatus(({ state }) => void states.push(state));
  network.closes(4401, "TOKEN_EXPIRED");
  await turned(tab, "connecting");
  await turned(tab, "open");
  expect(states).toEqual(["connecting", "open"]);
  expect(browser.asked.get(REFRESH)).toBe(1);
});

test.each([
  [4409, "SLOW_READER"],
  [4429, "RATE_LIMITED"],
  [1001, ""],
])("after %i it comes back", async (code, reason) => {
  const tab = await ada();
  await tab.live.start();
  network.closes(code, reason);
  const { retryAt, error } = (await turned(tab, "waiting")) as { retryAt: number; error: { reason: string } };
  expect(error.reason).toBe(reason || "NETWORK");
  expect(retryAt - Date.now()).toBeGreaterThan(code === 4429 ? 4_000 : -1_000);
  tab.live.check();
  await turned(tab, "open");
});

test.each([
  [4500, "FRAME_MALFORMED"],
  [4503, "ORIGIN_REFUSED"],
  [4501, "PERMISSION_MISSING"],
])("after %i %s it does not", async (code, reason) => {
  const tab = await ada();
  await tab.live.start();
  const { connections } = network;
  network.closes(code, reason);
  expect(await turned(tab, "ended")).toMatchObject({ error: { reason } });
  expect(network.connections).toBe(connections);
  // It can be asked to.
  await tab.live.start();
  expect(tab.live.status.state).toBe("open");
});

test("a visitor's visit that was ended begins again, as the same person", async () => {
  const vera = opened(visitorTab(network.url));
  const ears = new Ears(vera);
  await vera.live.start();
  const chatId = (await vera.chats.startChat({ text: "0" })).chat?.chatId ?? "";
  await ears.message("0");
  await vera.auth.signOut();
  expect((await vera.chats.listChats()).chats.map((chat) => chat.chatId)).toEqual([chatId]);
  await vera.chats.sendMessage({ chatId, text: "still me" });
  await ears.message("still me");
  expect(ears.texts).toEqual(["0", "still me"]);
});

test("two tabs that begin at once are one visitor", async () => {
  const browser = new Browser();
  const [one, two] = [opened(visitorTab(network.url, browser)), opened(visitorTab(network.url, browser))];
  expect(await one.session.isReturning()).toBe(false);
  const selves = await Promise.all([one.auth.getSelf(), two.auth.getSelf()]);
  expect(selves[0].visitorId).toBe(selves[1].visitorId);
  const back = opened(visitorTab(network.url, browser));
  expect(await back.session.isReturning()).toBe(true);
  expect((await back.auth.getSelf()).visitorId).toBe(selves[0].visitorId);
});

test("a secret nobody knows any more is dropped, and the visitor is somebody new", async () => {
  const browser = new Browser();
  await browser.texts.set("rapport-visitor:demo", "of another installation");
  const vera = opened(visitorTab(network.url, browser));
  expect((await vera.auth.getSelf()).visitorId).toMatch(/^visitor_/);
  expect(await browser.texts.get("rapport-visitor:demo")).not.toBe("of another installation");
});

/** For what only the network knows. */
function polled(look: () => void) {
  const timer = setInterval(look, 10);
  return () => clearInterval(timer);
}
