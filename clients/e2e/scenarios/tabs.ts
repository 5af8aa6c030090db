// Two tabs of one person are one person.
import { allRead, chatOf, expect, test } from "../stage/stage";

test("an agent's second tab shows the same, and both sign out together", async ({ stage }) => {
  const ada = await stage.ada();
  const vera = await stage.customer("Vera");
  await stage.inChat(ada, vera, "To both tabs");
  const second = await ada.tab();
  await second.go(new URL(ada.page.url()).pathname);
  await second.reads("To both tabs");
  await second.write("From the second tab");
  await ada.reads("To both tabs", "From the second tab");
  await ada.write("From the first tab");
  await vera.write("An answer to both");
  const all = ["To both tabs", "From the second tab", "From the first tab", "An answer to both"];
  await vera.sees("An answer to both", "sent", "seen");
  await allRead([ada, second, vera], ...(await stage.stored(chatOf(ada))));
  expect([...(await second.said())].sort()).toEqual([...all].sort());

  await test.step("what one tab has in its queue the other shows, too, and sends it once", async () => {
    await ada.seat.goOffline();
    await ada.write("Written in the dark");
    await expect(second.pending("Written in the dark")).toBeVisible();
    await ada.page.close();
    await second.seat.goOnline();
    await vera.sees("Written in the dark");
    await expect(second.log.locator("[data-pending]")).toHaveCount(0);
    expect((await stage.stored(chatOf(second))).filter((text) => text === "Written in the dark")).toHaveLength(1);
  });

  await test.step("signing out in one signs out in all", async () => {
    const third = await second.tab();
    await third.go("/tickets");
    await expect(third.page.getByText("No open tickets")).toBeVisible();
    await second.composer.fill("A draft that is nobody else's business");
    await third.signOut();
    for (const tab of [second, third]) {
      await tab.page.waitForURL("**/sign-in");
      await expect(tab.field("Password")).toBeVisible();
    }
    expect(await second.page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.includes("draft")))).toEqual([]);
    await second.go("/inbox");
    await second.page.waitForURL("**/sign-in?*");
  });
});

test("a customer's second tab shows the same", async ({ stage }) => {
  const ada = await stage.ada();
  const vera = await stage.customer("Vera");
  await stage.inChat(ada, vera, "From the first tab");
  const second = await vera.tab();
  await second.open();
  await second.reads("From the first tab");
  await second.write("From the second tab");
  await vera.reads("From the first tab", "From the second tab");
  await vera.write("From the first again");
  await second.reads("From the first tab", "From the second tab", "From the first again");
  await ada.write("To both");
  const all = ["From the first tab", "From the second tab", "From the first again", "To both"];
  await allRead([vera, second, ada], ...all);
  await ada.close();
  for (const tab of [vera, second]) await expect(tab.inside.getByText("This conversation has ended.")).toBeVisible();
});

test("a chat that is begun in one tab is there in another that was open before", async ({ stage }) => {
  const ada = await stage.ada();
  const first = await stage.customer("Vera");
  const second = await first.tab();
  await second.open();
  await second.start("From the second tab");
  await ada.open("From the second tab");
  await ada.claim();
  // What one tab shows is seen in all; here none does.
  await second.button("closeChat").click();
  await ada.write("To both");
  for (const tab of [first, second]) await expect(tab.badge).toHaveText("1");
  await second.open();
  await first.open();
  await first.reads("From the second tab", "To both");
  await first.write("From the first tab");
  await first.sees("From the first tab", "sent", "seen");
  await ada.write("And again");
  await allRead([first, second, ada], "From the second tab", "To both", "From the first tab", "And again");
  const { chats } = await (await stage.behind(stage.demo.owner)).chats.listChats({});
  expect(chats).toHaveLength(1);
});

test("two chats that are begun in two tabs at once are both reached from either", async ({ stage }) => {
  // Chromium draws the tab that is behind less often: everything in it takes its time.
  test.slow();
  const ada = await stage.ada();
  const one = await stage.customer("Vera");
  const other = await one.tab();
  for (const tab of [one, other]) {
    await tab.open();
    await tab.field("name").fill("Vera");
    await tab.field("email").fill(tab.email);
  }
  await one.field("message").fill("Where is my order?");
  await other.field("message").fill("Do you ship abroad?");
  // By the clock, for otherwise one hears of the other before.
  const at = Date.now() + 500;
  const send = (tab: typeof one) =>
    tab.inside
      .locator("form")
      .evaluate((form: HTMLFormElement, time) => void setTimeout(() => form.requestSubmit(), time - Date.now()), at);
  await Promise.all([send(one), send(other)]);
  const talks = [
    [one, "Where is my order?", "On its way"],
    [other, "Do you ship abroad?", "To the moon"],
  ] as const;
  for (const [tab, question] of talks) await tab.reads(question);
  for (const [tab, question, answer] of talks) {
    await ada.section("waiting").click();
    await ada.open(question);
    await ada.claim();
    await ada.write(answer);
    await tab.reads(question, answer);
  }
  for (const [tab, question, answer] of talks) {
    const [, otherQuestion, otherAnswer] = tab === one ? talks[1] : talks[0];
    await test.step(`from the one with "${question}"`, async () => {
      await tab.composer.fill("Half a sentence");
      await tab.reload();
      await tab.reads(question, answer);
      await tab.button("yourMessages").click();
      await expect(tab.inside.locator(".matter")).toHaveCount(1);
      await tab.isGood("the list of conversations");
      await tab.inside.getByRole("button", { name: otherAnswer }).click();
      await tab.reads(otherQuestion, otherAnswer);
      await expect(tab.composer).toHaveValue("");
      await tab.button("yourMessages").click();
      await tab.inside.getByRole("button", { name: answer }).click();
      await expect(tab.composer).toHaveValue("Half a sentence");
    });
  }
  await test.step("what is said in the one that is not looked at is told", async () => {
    for (const tab of [one, other]) await tab.button("closeChat").click();
    await ada.section("mine").click();
    await ada.open("To the moon");
    await ada.write("And back");
    await expect(one.badge).toHaveText("1");
    await one.open();
    await one.button("yourMessages").click();
    await one.inside.getByRole("button", { name: "And back" }).click();
    await one.reads("Do you ship abroad?", "To the moon", "And back");
    for (const tab of [one, other]) await expect(tab.badge).toBeHidden();
    await other.open();
  });
  await test.step("and when one of them has ended", async () => {
    await ada.close();
    await one.button("startNew").click();
    await expect(one.inside.locator(".matter")).toHaveCount(1);
    await one.inside.getByRole("button", { name: "On its way" }).click();
    await one.write("Thank you");
    await other.button("startNew").click();
    await other.inside.getByRole("button", { name: "Thank you" }).click();
    await allRead([one, other], "Where is my order?", "On its way", "Thank you");
  });
});

test("who signs in with another account in a second tab takes the first one's page away", async ({ stage }) => {
  const ada = await stage.ada();
  const second = await ada.tab();
  await second.go("/profile");
  await second.signOut();
  await second.page.waitForURL("**/sign-in");
  await ada.page.waitForURL("**/sign-in");
  await second.field("Workspace").fill("demo");
  await second.field("Email").fill(stage.demo.agents[1].email);
  await second.field("Password").fill(stage.demo.agents[1].password);
  await second.button("Sign in").click();
  await expect(second.button(/^Ben Agent, /)).toBeVisible();
  await ada.page.waitForURL("**/inbox");
  await expect(ada.button(/^Ben Agent, /)).toBeVisible();
});
