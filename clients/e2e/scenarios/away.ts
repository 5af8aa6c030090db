// Who looks elsewhere, and what is not there when it is wanted.
import { chatOf, expect, test } from "../stage/stage";

test("without a network every screen opens once the page has been at rest", async ({ stage }) => {
  const ada = await stage.ada();
  await ada.page.waitForFunction(() => {
    const fetched = performance.getEntriesByType("resource").map(({ name }) => name);
    return ["Tickets", "Agents", "Settings", "Workspace"].every((part) =>
      fetched.some((name) => name.includes(`/assets/${part}`)),
    );
  });
  await ada.seat.goOffline();
  for (const name of ["Tickets", "Agents", "Settings"]) {
    await ada.page.getByRole("link", { name }).click();
    await expect(ada.page.getByRole("heading", { name, level: 1 }).first()).toBeVisible();
  }
  await ada.seat.goOnline();
  await ada.page.getByRole("link", { name: "Inbox" }).click();
  await ada.sees("Nobody is waiting");
});

test("a screen that cannot be fetched says so in its place, and is there when it can", async ({ stage }) => {
  const ada = await stage.visitor(stage.demo.agents[0]);
  // Never at rest: nothing is fetched before it is wanted.
  await ada.page.addInitScript(() => Object.assign(globalThis, { requestIdleCallback: () => 0 }));
  await ada.signIn();
  ada.seat.loseTheServer();
  await ada.sees(ada.t("connection.reconnecting"));
  await ada.page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
  await ada.page.getByRole("link", { name: "Tickets" }).click();
  await ada.sees(ada.t("errors.NETWORK"));
  await ada.isGood("a screen that is missing");
  await ada.seat.goOnline();
  await expect(ada.page.getByRole("heading", { name: "Tickets", level: 1 })).toBeVisible();
  expect(await ada.page.evaluate(() => "isSamePage" in globalThis), "the page was not loaded anew").toBe(true);
});

test("who answers a chat that waits has it; who comes second is told, and keeps what they wrote", async ({ stage }) => {
  const [ada, ben] = [await stage.ada(), await stage.ben()];
  const vera = await stage.customer("Vera");
  await vera.open();
  await vera.start("Is anybody there?");
  for (const agent of [ada, ben]) await agent.open("Is anybody there?");
  // What Ben asks is held until Ada has answered: his page cannot know of it.
  ben.seat.network.hold();
  await ben.write("Me too");
  await ada.write("I am");
  await expect(ada.section("mine")).toHaveAccessibleName("Mine 1");
  await vera.reads("Is anybody there?", "I am");
  ben.seat.expects(/409 \(Conflict\)/);
  ben.seat.network.release();
  await ben.sees("Ada Agent is answering this chat already.");
  await expect(ben.composer).toHaveValue("Me too");
  expect(await stage.stored(chatOf(ada))).toEqual(["Is anybody there?", "I am"]);
});

test("an agent who looks elsewhere is called: the title counts, the system tells", async ({ stage }) => {
  const ada = await stage.visitor(stage.demo.agents[0]);
  await ada.seat.context.grantPermissions(["notifications"]);
  await ada.page.addInitScript(() => {
    const told: string[] = [];
    Object.assign(globalThis, { told });
    const Real = globalThis.Notification;
    globalThis.Notification = new Proxy(Real, {
      construct(target, [title, options]: [string, NotificationOptions]) {
        told.push(`${title}: ${options.body}`);
        return new target(title, options);
      },
    });
  });
  /** What a browser does when another tab is chosen. */
  const look = (isHidden: boolean) =>
    ada.page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event("visibilitychange"));
    }, isHidden);
  await ada.signIn();
  await ada.go("/profile");
  await ada.page.getByRole("switch", { name: ada.t("profile.alerts") }).click();
  await expect(ada.page.getByRole("switch", { name: ada.t("profile.alerts") })).toBeChecked();
  await ada.page.getByRole("link", { name: "Inbox" }).click();
  await ada.sees("Nobody is waiting");
  const vera = await stage.customer("Vera");
  await vera.open();
  await look(true);
  await vera.start("Hello?");
  await expect(ada.page).toHaveTitle("(1) Inbox · Rapport");
  await vera.write("Anybody?");
  await expect(ada.page).toHaveTitle("(2) Inbox · Rapport");
  expect(await ada.page.evaluate(() => (globalThis as unknown as { told: string[] }).told)).toEqual([
    expect.stringMatching(/: Hello\?$/),
    "Vera: Anybody?",
  ]);
  await look(false);
  await expect(ada.page).toHaveTitle("Inbox · Rapport");
  await vera.write("There you are");
  await ada.sees("There you are");
  await expect(ada.page).toHaveTitle("Inbox · Rapport");
});
