// What a page says of itself, and what tabs have of the browser.
import { afterAll, beforeAll, expect, test } from "vitest";
import { browserTabs } from "../src/index.js";
import { Network } from "./network.js";
import { turned, until, visitorTab } from "./people.js";
import { Server } from "./server.js";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.stop());

test.each(["online", "pageshow", "visibilitychange"])(
  "after %s what waits tries at once, and what is dead is noticed",
  async (sign) => {
    const page = Object.assign(new EventTarget(), { visibilityState: "visible" });
    const said = Object.assign(new Event(sign), { persisted: true });
    Object.assign(globalThis, { window: page, document: page });
    const network = await Network.to(server.url);
    const vera = visitorTab(network.url);
    await vera.live.start();
    // Five seconds at least.
    network.closes(4429, "RATE_LIMITED");
    const { retryAt } = (await turned(vera, "waiting")) as { retryAt: number };
    page.dispatchEvent(said);
    await turned(vera, "open");
    expect(Date.now()).toBeLessThan(retryAt - 2_000);

    network.deafen();
    page.dispatchEvent(said);
    await turned(vera, "waiting");
    page.dispatchEvent(said);
    await turned(vera, "open");
    vera.close();
    await network.close();
    Object.assign(globalThis, { window: undefined, document: undefined });
  },
);

test("tabs hear one another by name, and not themselves", async () => {
  const heard: string[] = [];
  let look = (): void => undefined;
  const hear = (who: string) => (message: unknown) => {
    heard.push(`${who} hears ${message}`);
    look();
  };
  const [one, two, other] = [browserTabs("here"), browserTabs("here"), browserTabs("elsewhere")];
  const channels = [
    one.channel("session", hear("one")),
    two.channel("session", hear("two")),
    other.channel("session", hear("other")),
  ];
  channels[0]?.post("one");
  channels[1]?.post("two");
  const listen = (check: () => void) => {
    look = check;
    return () => undefined;
  };
  await until("both have heard", listen, () => heard.length === 2);
  expect(heard.sort()).toEqual(["one hears two", "two hears one"]);
  for (const channel of channels) channel.close();
  expect(() => channels[0]?.post("late")).not.toThrow();
});

test("work of one name runs alone in a tab, also after work that failed", async () => {
  const { alone } = browserTabs("here");
  const order: string[] = [];
  const work = (name: string) => async () => {
    order.push(`${name} begins`);
    await Promise.resolve();
    order.push(`${name} ends`);
    if (name === "one") throw new Error("of the first");
    return name;
  };
  const [one, two] = await Promise.allSettled([alone("a", work("one")), alone("a", work("two"))]);
  expect(one.status).toBe("rejected");
  expect(two).toEqual({ status: "fulfilled", value: "two" });
  expect(order).toEqual(["one begins", "one ends", "two begins", "two ends"]);
});
