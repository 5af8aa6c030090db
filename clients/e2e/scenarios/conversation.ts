// Conversations as they are meant to be: what one side does the other sees, and nobody else.
import { allRead, chatOf, expect, test } from "../stage/stage";

test("two agents and two customers hold their conversations, each sees their own and all of it", async ({ stage }) => {
  const [ada, ben] = await Promise.all([stage.ada(), stage.ben()]);
  const [vera, wim] = await Promise.all([stage.customer("Vera"), stage.customer("Wim")]);

  await test.step("both write, both agents have both chats, each takes one", async () => {
    await vera.open();
    await vera.start("Vera: is this pot too small?");
    await wim.open();
    await wim.start("Wim: where is my parcel?");
    for (const agent of [ada, ben]) {
      await expect(agent.section("waiting")).toHaveAccessibleName("Waiting 2");
      await expect(agent.row("Vera: is this pot too small?").getByText("1 unread message")).toBeAttached();
      await expect(agent.row("Wim: where is my parcel?")).toBeVisible();
    }
    await ada.open("Vera: is this pot too small?");
    await ada.claim();
    await ben.open("Wim: where is my parcel?");
    await ben.claim();
    await expect(vera.inside.getByRole("heading", { name: "Ada Agent" })).toBeVisible();
    await expect(wim.inside.getByRole("heading", { name: "Ben Agent" })).toBeVisible();
    for (const agent of [ada, ben]) await expect(agent.section("waiting")).toHaveAccessibleName("Waiting 0");
  });

  await test.step("each sees that the other writes, and only they", async () => {
    await ada.composer.pressSequentially("How w");
    await expect(vera.inside.getByText("Ada Agent is typing…")).toBeVisible();
    await ada.composer.pressSequentially("ide is it?");
    await ada.composer.press("Enter");
    await vera.sees("How wide is it?");
    await expect(vera.inside.locator(".typing")).toHaveCount(0);
    await vera.composer.pressSequentially("Ten cent");
    await expect(ada.page.getByText("Vera is typing")).toBeVisible();
    await expect(wim.inside.locator(".typing")).toHaveCount(0);
    await vera.composer.pressSequentially("imetres");
    await vera.composer.press("Enter");
    await expect(ada.page.getByText("Vera is typing")).toHaveCount(0);
  });

  await test.step("each is told what the other has read", async () => {
    await vera.sees("Ten centimetres", "seen");
    const answer = ada.log.getByRole("article").filter({ hasText: "How wide is it?" });
    await expect(answer.getByText("Read", { exact: true })).toBeVisible();
    await vera.button("closeChat").click();
    await ada.write("Then it is too small.");
    const unseen = ada.log.getByRole("article").filter({ hasText: "Then it is too small." });
    await expect(unseen.getByText("Sent", { exact: true })).toBeVisible();
    await expect(vera.launcher).toHaveAccessibleName("Open chat, 1 unread message");
    await expect(vera.badge).toHaveText("1");
    await expect(unseen.getByText("Read", { exact: true })).toHaveCount(0);
    await vera.open();
    await expect(unseen.getByText("Read", { exact: true })).toBeVisible();
    await expect(vera.badge).toBeHidden();
  });

  await test.step("a note is for the staff alone", async () => {
    await ada.note("She bought the smallest one");
    await ada.write("Shall I send a larger one?");
    await ben.section("active").click();
    await ben.open("Shall I send a larger one?");
    await expect(ben.log.getByRole("article", { name: "Note by Ada Agent" })).toContainText("She bought the smallest one");
    await vera.sees("Shall I send a larger one?");
    await vera.reads(
      "Vera: is this pot too small?",
      "How wide is it?",
      "Ten centimetres",
      "Then it is too small.",
      "Shall I send a larger one?",
    );
    await ben.section("mine").click();
    await ben.row("Wim: where is my parcel?").click();
  });

  await test.step("meanwhile the other conversation goes on by itself", async () => {
    for (const [at, text] of ["Let me look.", "It left on Monday.", "It comes tomorrow."].entries()) {
      await ben.write(text);
      await wim.sees(text);
      await wim.write(`Wim: yes ${at + 1}`);
    }
    await allRead(
      [ben, wim],
      "Wim: where is my parcel?",
      "Let me look.",
      "Wim: yes 1",
      "It left on Monday.",
      "Wim: yes 2",
      "It comes tomorrow.",
      "Wim: yes 3",
    );
  });

  const all = [
    "Vera: is this pot too small?",
    "How wide is it?",
    "Ten centimetres",
    "Then it is too small.",
    "She bought the smallest one",
    "Shall I send a larger one?",
    "Yes please",
    "Ben here, it is on its way.",
    "Thank you both!",
  ];
  const shown = all.filter((text) => text !== "She bought the smallest one");

  await test.step("a chat is given to a colleague, who goes on with it", async () => {
    await vera.write("Yes please");
    await expect(ada.log.getByText("Yes please")).toBeVisible();
    const chatId = chatOf(ada);
    await ada.transfer("Ben Agent");
    await ada.sees("Transferred to Ben Agent");
    await ada.sees("Ben Agent answers this chat.");
    await expect(ben.section("mine")).toHaveAccessibleName("Mine 2");
    await ben.page.locator(`[data-row="${chatId}"]`).click();
    await ben.write("Ben here, it is on its way.");
    await expect(vera.inside.getByRole("heading", { name: "Ben Agent" })).toBeVisible();
    await vera.sees("Ben here, it is on its way.");
    await vera.write("Thank you both!");
    await allRead([ada, ben], ...all);
    await vera.reads(...shown);
    expect(await stage.stored(chatId)).toEqual(all);
  });

  await test.step("it ends with a reason, for both sides, and another can begin", async () => {
    await ben.close("Solved");
    for (const agent of [ada, ben]) await agent.sees("This chat is closed.");
    await expect(ben.log.getByText("The chat was closed: Solved")).toBeVisible();
    await expect(vera.inside.getByText("This conversation has ended.")).toBeVisible();
    await vera.reads(...shown);
    await vera.button("startNew").click();
    await vera.start("Vera: another question");
    await vera.reads("Vera: another question");
    await expect(ada.section("waiting")).toHaveAccessibleName("Waiting 1");
    // The next day it is the same person with the same conversation.
    await vera.reload();
    await vera.reads("Vera: another question");
    await wim.reload();
    await expect(wim.bubble("Wim: yes 3")).toBeVisible();
    await expect(wim.inside.getByText("Vera")).toHaveCount(0);
  });
});
