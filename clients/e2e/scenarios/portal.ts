// What belongs to a conversation in the portal: its past, its customer, its tickets, its end.
import { createClient, memoryTexts, visitorSession } from "@rapport/client";
import { chatOf, expect, test } from "../stage/stage";

test("older messages are read as one scrolls, and what one reads stays where it is", async ({ stage }) => {
  const ada = await stage.ada();
  const vera = await stage.customer("Vera");
  await stage.inChat(ada, vera, "The very first");
  const agent = await stage.behind(stage.demo.agents[0]);
  const chatId = chatOf(ada);
  for (let line = 1; line <= 110; line += 1) await agent.chats.sendMessage({ chatId, text: `Line ${line}.` });
  await expect(ada.log.getByText("Line 110.")).toBeVisible();
  await ada.page.reload();
  await expect(ada.log.getByText("Line 110.")).toBeVisible();
  expect((await ada.said()).length, "as many as fit are in the page").toBeLessThan(60);
  await ada.log.hover();
  await expect(async () => {
    await ada.page.mouse.wheel(0, -700);
    await expect(ada.log.getByText("The very first")).toBeVisible({ timeout: 50 });
  }).toPass();
  await vera.write("Far below");
  await expect(ada.log.getByText("The very first")).toBeVisible();
  await ada.button("Newest").click();
  await expect(ada.log.getByText("Far below")).toBeVisible();
});

test("a long list is scrolled: its rows stand in order again, and what had the focus opens nothing else", async ({ stage }) => {
  const session = visitorSession({ workspace: stage.demo.workspace, texts: memoryTexts() });
  const vera = createClient({ url: stage.server.url, session });
  for (let chat = 1; chat <= 120; chat += 1) await vera.chats.startChat({ name: "Vera", text: `Question ${chat}.` });
  vera.close();
  const { page } = await stage.ada();
  const rows = page.locator("[data-row]");
  await rows.filter({ hasText: "Question 120." }).focus();
  await page.keyboard.press("Shift");
  await expect(rows.filter({ hasText: "Question 120." })).toBeFocused();
  await rows.first().hover();
  await expect(async () => {
    await page.mouse.wheel(0, 900);
    await expect(rows.filter({ hasText: "Question 1." })).toBeVisible({ timeout: 50 });
  }).toPass();
  await expect(page.locator("[data-row]:focus")).toHaveCount(0);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/inbox$/);
  expect(await rows.count(), "as many as fit are in the page").toBeLessThan(60);
  await expect(async () => {
    const tops = await rows.evaluateAll((all) => all.map((row) => row.getBoundingClientRect().top));
    expect(tops).toEqual([...tops].sort((one, other) => one - other));
  }).toPass();
});

test("a customer's note is kept, a ticket is made of the chat and worked on", async ({ stage }) => {
  const ada = await stage.ada();
  const vera = await stage.customer("Vera");
  await stage.inChat(ada, vera, "My cart is empty");
  await ada.button(/^Change Note/).click();
  await ada.page.getByRole("textbox", { name: "Note", exact: true }).fill("Prefers e-mail");
  await ada.button("Save").click();
  await expect(ada.button(/^Change Note: Prefers e-mail/)).toBeVisible();
  await ada.button("More actions").click();
  await ada.page.getByRole("menuitem", { name: "Create ticket…" }).click();
  await ada.dialog.getByRole("button", { name: "Create ticket" }).click();
  await expect(ada.dialog.getByText("Fill this in").first()).toBeVisible();
  await ada.dialog.getByRole("textbox", { name: "Subject" }).fill("Cart is empty");
  await ada.dialog.getByRole("textbox", { name: "Description" }).fill("After signing in the cart is empty.");
  await ada.dialog.getByRole("button", { name: "Create ticket" }).click();
  await expect(ada.page.getByRole("log", { name: "Comments" })).toContainText("After signing in the cart is empty.");
  await ada.write("We look into it");
  await ada.reads("After signing in the cart is empty.", "We look into it");
  await ada.page.getByRole("combobox", { name: "State" }).click();
  await ada.page.getByRole("option", { name: "Pending" }).click();
  await expect(ada.row("Cart is empty").getByText("Pending")).toBeVisible();
  await test.step("the owner sees all of it, and the note does not reach the customer", async () => {
    const owner = await stage.behind(stage.demo.owner);
    const { tickets } = await owner.tickets.listTickets({ pageSize: 5 });
    expect(tickets.map(({ subject, state }) => [subject, state])).toEqual([["Cart is empty", "TICKET_STATE_PENDING"]]);
    await expect(vera.inside.getByText("Prefers e-mail")).toHaveCount(0);
  });
  await ada.page.getByRole("link", { name: "Open conversation" }).click();
  await test.step("the transcript is a file with what was said", async () => {
    await ada.button("More actions").click();
    const download = ada.page.waitForEvent("download");
    await ada.page.getByRole("menuitem", { name: "Download transcript" }).click();
    const file = await download;
    const parts: Buffer[] = [];
    for await (const part of await file.createReadStream()) parts.push(part as Buffer);
    expect(Buffer.concat(parts).toString()).toContain("My cart is empty");
  });
});
