// Without a mouse: nothing here clicks.
import { expect, test } from "../stage/stage";

test("an agent works from sign-in to closing with the keyboard alone", async ({ stage }) => {
  const ben = await stage.ben();
  const ada = await stage.visitor(stage.demo.agents[0]);
  const { page } = ada;
  const { keyboard } = page;
  await test.step("signs in", async () => {
    await ada.go("/agents");
    await page.waitForURL("**/sign-in?*");
    await expect(ada.field("Workspace")).toBeFocused();
    await keyboard.type("demo");
    await keyboard.press("Tab");
    await keyboard.type(ada.account.email);
    await keyboard.press("Tab");
    await keyboard.type(ada.account.password);
    await keyboard.press("Enter");
    await page.waitForURL("**/agents");
    await ada.sees("Ada Agent");
  });
  const vera = await stage.customer("Vera");
  await vera.open();
  await vera.start("Only keys?");
  await test.step("takes the chat", async () => {
    await keyboard.press("g");
    await keyboard.press("i");
    await page.waitForURL("**/inbox");
    await expect(ada.row("Only keys?")).toBeVisible();
    await keyboard.press("j");
    await expect(ada.row("Only keys?")).toBeFocused();
    await keyboard.press("Enter");
    await expect(ada.log.getByText("Only keys?")).toBeVisible();
    await expect(ada.composer).toBeFocused();
    await keyboard.press("Escape");
    await keyboard.press("c");
    await expect(ada.section("mine")).toHaveAttribute("aria-selected", "true");
  });
  await test.step("answers, with a line between", async () => {
    await keyboard.press("r");
    await expect(ada.composer).toBeFocused();
    await keyboard.type("Yes.");
    await keyboard.press("Shift+Enter");
    await keyboard.type("All of it.");
    await keyboard.press("Enter");
    await vera.sees("Yes.\nAll of it.");
  });
  await test.step("writes a note: the switch is reached with the tab key", async () => {
    await keyboard.press("Tab");
    await expect(page.getByRole("radio", { name: "Reply" })).toBeFocused();
    await keyboard.press("ArrowRight");
    await expect(page.getByRole("radio", { name: "Note" })).toBeFocused();
    await keyboard.press("Space");
    await expect(page.getByRole("radio", { name: "Note" })).toBeChecked();
    await keyboard.press("Shift+Tab");
    await keyboard.type("Has no mouse");
    await keyboard.press("Enter");
    await expect(ada.log.getByRole("article", { name: "Note by Ada Agent" })).toContainText("Has no mouse");
  });
  await test.step("gives it away and takes it back", async () => {
    await keyboard.press("Escape");
    await keyboard.press("t");
    await expect(ada.dialog.getByRole("textbox")).toBeFocused();
    await keyboard.type("Ben");
    await keyboard.press("Tab");
    await expect(ada.dialog.getByRole("button", { name: /Ben Agent/ })).toBeFocused();
    await keyboard.press("Enter");
    await ada.sees("Ben Agent answers this chat.");
    await ben.section("mine").click();
    await ben.open("Has no mouse");
    await ben.transfer("Ada Agent");
    await expect(page.getByText("Ben Agent answers this chat.")).toHaveCount(0);
  });
  await test.step("closes it", async () => {
    await expect(ada.dialog).toHaveCount(0);
    await keyboard.press("Escape");
    await keyboard.press("e");
    await expect(ada.dialog.getByRole("textbox")).toBeFocused();
    await keyboard.type("Done with keys");
    await keyboard.press("Control+Enter");
    await ada.sees("This chat is closed.");
    await expect(vera.inside.getByText("This conversation has ended.")).toBeVisible();
  });
  await test.step("goes elsewhere by the palette, whose field has the focus, and by the help's keys", async () => {
    await keyboard.press("Control+k");
    await expect(page.getByRole("combobox")).toBeFocused();
    await keyboard.type("go to set");
    await keyboard.press("Enter");
    await page.waitForURL("**/settings");
    await keyboard.press("Control+k");
    await expect(page.getByRole("combobox")).toBeFocused();
    await keyboard.type("status away");
    await keyboard.press("Enter");
    await expect(ada.button("Ada Agent, Away: your account")).toBeVisible();
    // It is the server that says so.
    await page.reload();
    await expect(ada.button("Ada Agent, Away: your account")).toBeVisible();
    await keyboard.press("?");
    await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
    await keyboard.press("Escape");
    await expect(ada.dialog).toHaveCount(0);
    await keyboard.press("g");
    await keyboard.press("p");
    await page.waitForURL("**/profile");
  });
  await test.step("signs out", async () => {
    const account = ada.button("Ada Agent, Away: your account");
    for (let tabs = 0; !(await account.evaluate((button) => button === document.activeElement)); tabs += 1) {
      expect(tabs, "the account is reached with the tab key").toBeLessThan(40);
      await keyboard.press("Shift+Tab");
    }
    await keyboard.press("Enter");
    await expect(page.getByRole("menu")).toBeVisible();
    await expect(page.locator("[role^=menuitem]").first()).toBeFocused();
    await keyboard.press("End");
    await expect(page.getByRole("menuitem", { name: "Sign out" })).toBeFocused();
    await keyboard.press("Enter");
    await page.waitForURL("**/sign-in");
  });
});

/** What has the focus, in the frame where it is there. */
const FOCUSED = `(() => {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  if (element?.tagName === "IFRAME") return "";
  return element?.getAttribute("aria-label") ?? element?.getAttribute("name") ?? element?.textContent.trim() ?? "nothing";
})()`;

test("a customer writes with the keyboard alone, on a desk and in the panel of a phone", async ({ stage }) => {
  await stage.ada();
  const vera = await stage.customer("Vera");
  const { keyboard } = vera.page;
  const focused = async () => (await vera.page.evaluate<string>(FOCUSED)) || vera.frame().evaluate<string>(FOCUSED);
  for (let tabs = 0; (await focused()) !== "Open chat"; tabs += 1) {
    expect(tabs, "the launcher is reached with the tab key").toBeLessThan(20);
    await keyboard.press("Tab");
  }
  await keyboard.press("Enter");
  await expect(vera.field("name")).toBeFocused();
  await keyboard.type("Vera");
  await keyboard.press("Tab");
  await keyboard.type("not an address");
  await keyboard.press("Tab");
  await keyboard.type("Only with keys");
  await keyboard.press("Tab");
  await keyboard.press("Enter");
  await expect(vera.inside.getByText("Please enter an e-mail address")).toBeVisible();
  await expect(vera.field("email")).toBeFocused();
  await keyboard.press("ControlOrMeta+a");
  await keyboard.type("vera@example.com");
  await keyboard.press("Enter");
  await vera.sees("Only with keys", "sent");
  await expect(vera.composer).toBeFocused();
  await keyboard.type("One line");
  await keyboard.press("Shift+Enter");
  await keyboard.type("and another");
  await keyboard.press("Enter");
  await vera.sees("One line\nand another", "sent");
  await keyboard.press("Escape");
  await expect(vera.page.getByRole("button", { name: "Open chat" })).toBeVisible();
  expect(await focused()).toBe("Open chat");

  const wim = await stage.customer("Wim", { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await wim.launcher.focus();
  await wim.page.keyboard.press("Enter");
  await expect(wim.inside.locator("form")).toBeVisible();
  await expect(wim.page.locator("rapport-widget dialog")).toHaveJSProperty("open", true);
  expect(
    await wim.page.locator("rapport-widget dialog").evaluate((dialog) => dialog.matches(":modal")),
    "the page behind is out of reach",
  ).toBe(true);
  const seen: string[] = [];
  for (let tabs = 0; tabs < 10; tabs += 1) {
    await wim.page.keyboard.press("Tab");
    seen.push((await wim.page.evaluate<string>(FOCUSED)) || (await wim.frame().evaluate<string>(FOCUSED)));
  }
  expect(new Set(seen), "the focus goes round in the panel").toEqual(
    new Set(["Close chat", "name", "email", "text", "Start chat"]),
  );
});
