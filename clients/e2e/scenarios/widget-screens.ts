// Every state of the widget: usable by all, within the screen, in the reader's language, from either side, light and dark.
import type { Customer } from "../stage/customer";
import { expect, type Stage, test, type Where } from "../stage/stage";

const FAULTS = /net::ERR_|WebSocket connection|\b(409|500|503) \(/;

async function seeAll(stage: Stage, where: Where, dir: "ltr" | "rtl", color: string): Promise<void> {
  const owner = await stage.behind(stage.demo.owner);
  await owner.tenants.updateWidget({ color });
  const arrive = async (name: string): Promise<Customer> => {
    const customer = await stage.customer(name, where, { dir });
    customer.seat.expects(FAULTS);
    return customer;
  };

  await test.step("nobody is there", async () => {
    const late = await arrive("Late");
    await late.isGood("the closed widget");
    await late.open();
    await expect(late.button("sendTicket")).toBeVisible();
    await late.isGood("the message to leave");
    await late.button("sendTicket").click();
    await expect(late.inside.locator(".fault").first()).toBeVisible();
    await late.isGood("the message to leave, with faults");
    await late.seat.goOffline();
    await late.start("When are you back?");
    await expect(late.inside.getByText(late.t("ticketQueued"))).toBeVisible();
    await late.isGood("a message that is kept");
    await late.seat.goOnline();
    await expect(late.inside.getByText(late.t("ticketSent"))).toBeVisible();
    await late.isGood("a message that was left");
  });

  await test.step("a chat, from the form to its end", async () => {
    const ada = await stage.ada();
    const vera = await arrive("Vera");
    await vera.open();
    await expect(vera.button("startChat")).toBeVisible();
    expect(await vera.frame().evaluate(() => document.documentElement.dir)).toBe(dir);
    await vera.isGood("the form");
    await vera.button("startChat").click();
    await expect(vera.inside.locator(".fault").first()).toBeVisible();
    await vera.isGood("the form, with faults");
    await vera.start("See https://fern.example/care");
    await vera.sees("See https://fern.example/care", "sent");
    await vera.isGood("a chat that waits");
    await ada.open("See https://fern.example/care");
    await ada.claim();
    await expect(vera.inside.getByRole("heading", { name: "Ada Agent" })).toBeVisible();
    await vera.isGood("a chat that was taken");
    await ada.composer.pressSequentially("Look");
    await expect(vera.inside.locator(".typing")).toBeVisible();
    await vera.isGood("somebody types");
    await ada.composer.pressSequentially("s good");
    await ada.composer.press("Enter");
    await vera.sees("Looks good");
    await vera.composer.fill("x".repeat(8_100));
    await expect(vera.inside.getByText(vera.t("tooLong", { over: 100 }))).toBeVisible();
    await vera.isGood("a message that is too long");
    await vera.composer.fill("");
    await vera.button("closeChat").click();
    await ada.write("Unread");
    await expect(vera.badge).toHaveText("1");
    await vera.isGood("the closed widget with something unread");
    await vera.open();
    await vera.seat.goOffline();
    await vera.write("Waiting");
    await vera.sees("Waiting", "waiting");
    await expect(vera.inside.getByText(vera.t("offline"))).toBeVisible();
    await vera.isGood("a chat without a network");
    await ada.close();
    await vera.seat.goOnline();
    await vera.sees("Waiting", "failed");
    await expect(vera.inside.getByText(vera.t("ended"), { exact: true })).toBeVisible();
    await vera.isGood("a chat that has ended, with a message that was not sent");
    if (dir === "rtl") await isMirrored(vera);
  });
}

/** The launcher and the panel at the left, the own words too. */
async function isMirrored(vera: Customer): Promise<void> {
  const left = async (selector: string) => (await vera.page.locator(selector).boundingBox())?.x ?? Number.NaN;
  expect(await left("rapport-widget button.launcher")).toBeLessThan(100);
  expect(await left("rapport-widget dialog")).toBeLessThan(100);
  const own = await vera.inside.locator(".row.mine .bubble").first().boundingBox();
  const list = await vera.inside.locator(".messages").boundingBox();
  expect((own?.x ?? 0) - (list?.x ?? 0)).toBeLessThan(40);
}

test("every state of the widget: light, English", async ({ stage }) => {
  await seeAll(stage, { colorScheme: "light" }, "ltr", "#ffd400");
});

test("every state of the widget: dark, Spanish, from the right", async ({ stage }) => {
  await seeAll(stage, { colorScheme: "dark", language: "es" }, "rtl", "#111111");
});
