// At the width of a phone: one thing at a time, all of it reachable, nothing beyond the edge.
import { expect, test } from "../stage/stage";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

test("an agent does everything with a phone", async ({ stage }) => {
  const ada = await stage.ada(PHONE);
  const vera = await stage.customer("Vera", PHONE);
  await vera.launcher.tap();
  await vera.start("From a phone");
  await ada.row("From a phone").tap();
  await expect(ada.log.getByText("From a phone")).toBeVisible();
  await expect(ada.section("waiting"), "one pane at a time").toBeHidden();
  await ada.isGood("the waiting conversation on a phone");
  await ada.button("Take chat").tap();
  await expect(ada.button("Take chat")).toHaveCount(0);
  await ada.composer.tap();
  await ada.page.keyboard.type("To a phone");
  await ada.button("Send").tap();
  await vera.sees("To a phone");
  await ada.isGood("the conversation on a phone");
  await ada.button("Customer").tap();
  await ada.sees("vera@example.com");
  await expect(ada.log).toBeHidden();
  await ada.isGood("the customer on a phone");
  await ada.button("Back").first().tap();
  await ada.button("More actions").tap();
  await ada.isGood("the menu on a phone");
  await ada.page.getByRole("menuitem", { name: "Transfer…" }).tap();
  await expect(ada.dialog.getByRole("button", { name: /Ben Agent/ })).toBeVisible();
  await ada.isGood("the transfer on a phone");
  await ada.page.keyboard.press("Escape");
  await ada.button("More actions").tap();
  await ada.page.getByRole("menuitem", { name: "Create ticket…" }).tap();
  await ada.dialog.getByLabel("Subject").fill("By phone");
  await ada.dialog.getByLabel("Description").fill("All of it by phone");
  await ada.isGood("the new ticket on a phone");
  await ada.dialog.getByRole("button", { name: "Create ticket" }).tap();
  await expect(ada.page.getByRole("log", { name: "Comments" })).toContainText("All of it by phone");
  await ada.isGood("the ticket on a phone");
  await ada.button("Details").tap();
  await ada.isGood("the ticket's details on a phone");
  await ada.page.getByRole("link", { name: "Open conversation" }).tap();
  await ada.button("More actions").tap();
  await ada.page.getByRole("menuitem", { name: "Close chat" }).tap();
  await ada.dialog.getByRole("button", { name: "Close chat" }).tap();
  await ada.sees("This chat is closed.");
  await ada.button("Back").first().tap();
  await ada.section("closed").tap();
  await expect(ada.row("To a phone")).toBeVisible();
  await ada.isGood("the inbox on a phone");
  for (const place of ["Tickets", "Customers", "Agents", "Settings"]) {
    await ada.page.getByRole("link", { name: place, exact: true }).tap();
    await expect(ada.page.getByRole("heading", { name: place, exact: true })).toBeVisible();
    await ada.isGood(`${place} on a phone`);
  }
  await ada.page.getByRole("link", { name: /^Members/ }).tap();
  await ada.sees("Olivia Owner");
  await ada.isGood("the members on a phone");
});

test("a customer does everything with a phone", async ({ stage }) => {
  const ada = await stage.ada();
  const vera = await stage.customer("Vera", PHONE);
  await vera.launcher.tap();
  await expect(vera.inside.locator("form")).toBeVisible();
  const panel = vera.page.locator("rapport-widget dialog");
  await expect
    .poll(async () => {
      const box = await panel.boundingBox();
      return box && [box.x, box.y, box.width, box.height].map(Math.round);
    })
    .toEqual([0, 0, 390, 844]);
  for (const target of await vera.inside.locator("button:visible, input:visible, textarea:visible").all()) {
    const size = await target.boundingBox();
    expect(Math.min(size?.width ?? 0, size?.height ?? 0), `${await target.textContent()} can be hit`).toBeGreaterThanOrEqual(24);
  }
  await vera.isGood("the form on a phone");
  await vera.start(`A long word on a small screen: ${"o".repeat(300)}`);
  await expect(vera.inside.locator(".bubble")).toHaveCount(1);
  await ada.row("A long word").click();
  await ada.claim();
  await ada.write("We read it all");
  await vera.sees("We read it all");
  await vera.isGood("the chat on a phone");
  await vera.composer.tap();
  await vera.page.keyboard.type("By thumb");
  await vera.button("send").tap();
  await vera.sees("By thumb", "sent", "seen");
  await vera.inside.getByRole("button", { name: "Close chat" }).tap();
  await expect(vera.page.getByRole("button", { name: "Open chat" })).toBeVisible();
  await vera.isGood("the shop's page with the closed widget on a phone");
});
