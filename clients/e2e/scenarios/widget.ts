// The widget on pages of others, and what belongs to it alone.
import { Customer } from "../stage/customer";
import { openShop } from "../stage/shop";
import { expect, test } from "../stage/stage";

test("on a page of another site, where the browser gives it no storage, a conversation is held", async ({ stage }) => {
  const ada = await stage.ada();
  await stage.teamIs(true);
  const shop = await openShop(stage.server.url, "www.other.localhost");
  try {
    const seat = await stage.seat("Vera", {}, [shop.url, stage.server.url]);
    const vera = await Customer.at(seat, "Vera", "en", `${shop.url}/?order=42#care`);
    await vera.open();
    await expect(vera.inside.locator("form")).toBeVisible();
    const stored = vera.frame().evaluate(() => localStorage.length);
    await expect(stored, "the frame has no storage").rejects.toThrow();
    await vera.start("From a page of another site");
    await ada.open("From a page of another site");
    await ada.claim();
    await ada.write("Welcome");
    await vera.reads("From a page of another site", "Welcome");
    await vera.write("And on");
    await ada.reads("From a page of another site", "Welcome", "And on");
    // The page where it began is told, without what stands behind the question mark.
    const agent = await stage.behind(stage.demo.agents[0]);
    const { chats } = await agent.chats.listChats({ pageSize: 1 });
    expect(chats[0]?.pageUrl).toBe(`${shop.url}/`);
  } finally {
    await shop.close();
  }
});

test("nobody is there: a message is left, kept without a network, and becomes one ticket", async ({ stage }) => {
  const owner = await stage.behind(stage.demo.owner);
  await owner.tenants.updateWidget({ offlineMessage: "We water plants until nine." });
  const vera = await stage.customer("Vera");
  await vera.open();
  await expect(vera.inside.getByText("We water plants until nine.")).toBeVisible();
  await vera.seat.goOffline();
  await vera.start("A leaf fell off\nWhat now?");
  await expect(vera.inside.getByText("Your message is kept")).toBeVisible();
  await vera.seat.goOnline();
  await expect(vera.inside.getByText("We answer to vera@example.com.")).toBeVisible();
  const { tickets } = await owner.tickets.listTickets({ pageSize: 5 });
  expect(tickets.map(({ subject, requester }) => [subject, requester?.email])).toEqual([["A leaf fell off", "vera@example.com"]]);
  await expect(vera.inside.getByText(`#${tickets[0]?.number}`)).toBeVisible();
  const { comments } = await owner.tickets.listComments({ ticketId: tickets[0]?.ticketId ?? "" });
  expect(comments.map(({ text }) => text)).toEqual(["A leaf fell off\nWhat now?"]);
});

test("earlier messages are shown when they are asked for, and new ones below are announced", async ({ stage }) => {
  const ada = await stage.ada();
  const vera = await stage.customer("Vera");
  await stage.inChat(ada, vera, "The very first");
  const agent = await stage.behind(stage.demo.agents[0]);
  const { chats } = await agent.chats.listChats({ pageSize: 1 });
  const chatId = chats[0]?.chatId ?? "";
  const texts = Array.from({ length: 60 }, (_none, at) => `Answer ${at + 1}.`);
  for (const text of texts) await agent.chats.sendMessage({ chatId, text });
  await vera.sees("Answer 60.");
  await vera.reload();
  await vera.reads(...texts.slice(10));
  await vera.button("earlier").click();
  await vera.reads("The very first", ...texts);
  await expect(vera.button("earlier")).toHaveCount(0);
  await vera.inside.locator(".messages").evaluate((list) => list.scrollTo(0, 0));
  await ada.write("Far below");
  await vera.button("newBelow").click();
  await expect(vera.bubble("Far below")).toBeInViewport();
  await expect(vera.button("newBelow")).toHaveCount(0);
});

test("it does what the page's own scripts ask for, before it is there and after", async ({ stage }) => {
  await stage.ada();
  const vera = await stage.customer("Vera");
  await vera.page.addInitScript(`
    window.Rapport ??= function () { (Rapport.q ??= []).push(arguments); };
    if (window === top) {
      Rapport("identify", { name: "Vera Moss", email: "vera@moss.example" });
      Rapport("open");
    }
  `);
  await vera.page.reload();
  await expect(vera.field("name")).toHaveValue("Vera Moss");
  await expect(vera.field("name")).toBeFocused();
  await expect(vera.field("email")).toHaveValue("vera@moss.example");
  const ask = (call: string) => vera.page.evaluate(`Rapport(${JSON.stringify(call)})`);
  await ask("close");
  await expect(vera.launcher).toHaveAccessibleName("Open chat");
  await ask("toggle");
  await expect(vera.launcher).toHaveAccessibleName("Close chat");
  vera.seat.expects(/there is no "explode"/);
  await ask("explode");
  // Nobody but the loader speaks to the frame, and it only once.
  await vera.page.evaluate(() => {
    const frame = document.querySelector("rapport-widget")?.shadowRoot?.querySelector("iframe");
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => document.body.setAttribute("data-heard", "");
    frame?.contentWindow?.postMessage({ rapport: 1, page: "https://forged.example/", dir: "rtl" }, "*", [port2]);
  });
  await ask("close");
  await expect(vera.launcher).toHaveAccessibleName("Open chat");
  expect(await vera.frame().evaluate(() => document.documentElement.dir)).toBe("ltr");
  await expect(vera.page.locator("[data-heard]")).toHaveCount(0);
});

test("who comes back to an open conversation finds where to write, as high as what is typed", async ({ stage }) => {
  const ada = await stage.ada();
  const vera = await stage.customer("Vera");
  await stage.inChat(ada, vera, "Back soon");
  const height = async () => (await vera.composer.boundingBox())?.height ?? 0;
  const one = await height();
  await vera.composer.fill("Half\na\nsentence");
  const three = await height();
  expect(three).toBeGreaterThan(one + 30);
  await vera.page.reload();
  // The frame has everything before it is shown.
  await expect(vera.frame().locator(".bubble", { hasText: "Back soon" })).toBeAttached();
  await vera.open();
  await expect.poll(height).toBe(three);
  await vera.composer.fill("");
  await vera.page.reload();
  await expect(vera.frame().locator(".bubble", { hasText: "Back soon" })).toBeAttached();
  await vera.open();
  await expect.poll(height).toBe(one);
});

test("why a conversation was closed is told to the customer in the agent's words, and nothing where nothing was given", async ({
  stage,
}) => {
  const ada = await stage.ada();
  const vera = await stage.customer("Vera", { language: "es" });
  await stage.inChat(ada, vera, "Is it done?");
  await ada.close("Parcel 7 is on its way");
  const end = vera.inside.locator(".ended [role=status]");
  await expect(end).toHaveText("Esta conversación ha terminado.Motivo: Parcel 7 is on its way");
  await vera.isGood("a conversation that was closed for a reason");
  await vera.button("startNew").click();
  await vera.start("And this?");
  await ada.section("waiting").click();
  await ada.open("And this?");
  await ada.claim();
  await ada.close();
  await expect(end).toHaveText("Esta conversación ha terminado.");
});

test("a form that is sent twice in one breath is sent once", async ({ stage }) => {
  const owner = await stage.behind(stage.demo.owner);
  const late = await stage.customer("Late");
  await late.open();
  const thrice = (customer: Customer) =>
    customer.inside.locator("form").evaluate((form: HTMLFormElement) => {
      for (let time = 0; time < 3; time += 1) form.requestSubmit();
    });
  const fill = async (customer: Customer, text: string) => {
    await customer.field("name").fill(customer.name);
    await customer.field("email").fill(customer.email);
    await customer.field("message").fill(text);
  };
  await fill(late, "One message to leave");
  await thrice(late);
  await expect(late.inside.getByText(late.t("ticketSent"))).toBeVisible();
  await stage.ada();
  const vera = await stage.customer("Vera");
  await vera.open();
  await fill(vera, "One chat");
  await thrice(vera);
  await vera.sees("One chat", "sent");
  // What was put in the queue after it is sent after it.
  await vera.write("After the one");
  await vera.sees("After the one", "sent");
  const { chats } = await owner.chats.listChats({});
  const { tickets } = await owner.tickets.listTickets({});
  expect([chats.length, tickets.length]).toEqual([1, 1]);
});

test("the title of a page nobody looks at tells of an answer, and is the page's own again", async ({ stage }) => {
  const ada = await stage.ada();
  const vera = await stage.customer("Vera");
  await stage.inChat(ada, vera, "Meanwhile I read elsewhere");
  const own = await vera.page.title();
  /** A browser without a screen hides no page. */
  const hide = (isHidden: boolean) =>
    vera.page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event("visibilitychange"));
    }, isHidden);
  await vera.button("closeChat").click();
  await ada.write("The first answer");
  await expect(vera.badge).toHaveText("1");
  await expect(vera.page).toHaveTitle(own);
  await hide(true);
  await expect(vera.page).toHaveTitle(`(1) ${own}`);
  await ada.write("The second answer");
  await expect(vera.page).toHaveTitle(`(2) ${own}`);
  await hide(false);
  await expect(vera.page).toHaveTitle(own);
  await hide(true);
  await vera.page.evaluate(() => {
    document.title = "The page's own thought";
  });
  await hide(false);
  await expect(vera.page).toHaveTitle("The page's own thought");
});

test("on a page that is zoomed by its own style all of the panel is on the screen", async ({ stage }) => {
  await stage.ada();
  const vera = await stage.customer("Vera", { viewport: { width: 1000, height: 720 } });
  await vera.page.evaluate(() => document.body.style.setProperty("zoom", "1.2"));
  await vera.open();
  await expect(vera.button("startChat")).toBeVisible();
  const top = async () => (await vera.page.locator("rapport-widget dialog").boundingBox())?.y ?? -1;
  await expect.poll(top).toBeGreaterThanOrEqual(0);
  await vera.page.setViewportSize({ width: 390, height: 720 });
  const panel = async () => (await vera.page.locator("rapport-widget dialog").boundingBox()) ?? { y: 0, height: 0 };
  await expect.poll(async () => Math.round((await panel()).y + (await panel()).height)).toBe(720);
});
