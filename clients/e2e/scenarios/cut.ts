// The network goes away in the middle of a conversation. What is written meanwhile arrives once, in order.
import { CUT } from "../stage/seat";
import { allRead, chatOf, expect, test } from "../stage/stage";

test("the agent's network is cut in the middle: both sides have everything once, in order", async ({ stage }) => {
  const ada = await stage.ada();
  const vera = await stage.customer("Vera");
  await stage.inChat(ada, vera, "Before the cut");
  await ada.seat.goOffline();
  await ada.write("Written offline 1");
  await ada.write("Written offline 2");
  await expect(ada.pending("Written offline 2").getByText("Sent when you are back online")).toBeVisible();
  await ada.sees("You are offline. What you write is kept and sent when you are back.");
  await vera.write("Said meanwhile 1");
  await vera.write("Said meanwhile 2");
  await vera.sees("Said meanwhile 2", "sent");
  await vera.reads("Before the cut", "Said meanwhile 1", "Said meanwhile 2");
  await ada.reads("Before the cut", "Written offline 1", "Written offline 2");
  await ada.seat.goOnline();
  const all = ["Before the cut", "Said meanwhile 1", "Said meanwhile 2", "Written offline 1", "Written offline 2"];
  await allRead([ada, vera], ...all);
  await expect(ada.log.locator("[data-pending]")).toHaveCount(0);
  await expect(ada.page.getByText("You are offline.")).toHaveCount(0);
  expect(await stage.stored(chatOf(ada))).toEqual(all);
});

test("the customer's network is cut in the middle: both sides have everything once, in order", async ({ stage }) => {
  const ada = await stage.ada();
  const vera = await stage.customer("Vera");
  await stage.inChat(ada, vera, "Before the cut");
  await vera.seat.goOffline();
  await vera.write("Written offline 1");
  await vera.write("Written offline 2");
  await vera.sees("Written offline 2", "waiting");
  await expect(vera.inside.getByText("You are offline.")).toBeVisible();
  await ada.write("Said meanwhile 1");
  await ada.write("Said meanwhile 2");
  await expect(ada.log.locator("[data-pending]")).toHaveCount(0);
  await ada.reads("Before the cut", "Said meanwhile 1", "Said meanwhile 2");
  await vera.seat.goOnline();
  const all = ["Before the cut", "Said meanwhile 1", "Said meanwhile 2", "Written offline 1", "Written offline 2"];
  await allRead([ada, vera], ...all);
  await vera.sees("Written offline 2", "sent", "seen");
  await expect(vera.inside.getByText("You are offline.")).toHaveCount(0);
  expect(await stage.stored(chatOf(ada))).toEqual(all);
});

test("answers of the server are lost on both sides: what was sent is not sent again", async ({ stage }) => {
  const ada = await stage.ada();
  const vera = await stage.customer("Vera");
  await stage.inChat(ada, vera, "Before the cut");
  for (const person of [ada, vera]) person.seat.expects(CUT);
  await test.step("the agent's", async () => {
    const lost = ada.seat.network.losesAnAnswer();
    await ada.write("Sent, and never acknowledged 1");
    await lost;
    await vera.sees("Sent, and never acknowledged 1");
    ada.seat.network.up();
    ada.seat.network.cut();
    await expect(ada.log.locator("[data-pending]")).toHaveCount(0);
  });
  await test.step("the customer's", async () => {
    const lost = vera.seat.network.losesAnAnswer();
    await vera.write("Sent, and never acknowledged 2");
    await lost;
    await expect(ada.log.getByText("Sent, and never acknowledged 2")).toBeVisible();
    vera.seat.network.up();
    vera.seat.network.cut();
    await vera.sees("Sent, and never acknowledged 2", "sent", "seen");
  });
  const all = ["Before the cut", "Sent, and never acknowledged 1", "Sent, and never acknowledged 2"];
  await allRead([ada, vera], ...all);
  expect(await stage.stored(chatOf(ada))).toEqual(all);
});

test("the server is killed and comes back: both go on where they were", async ({ stage }) => {
  const ada = await stage.ada();
  const vera = await stage.customer("Vera");
  await stage.inChat(ada, vera, "Before the power cut");
  for (const person of [ada, vera]) person.seat.expects(CUT);
  await stage.server.kill();
  await vera.write("Is anybody there?");
  await vera.sees("Is anybody there?", "waiting", "sending");
  await expect(vera.inside.getByText("Connecting again…")).toBeVisible();
  await ada.sees("Reconnecting. What you write is kept.");
  await ada.write("I am");
  await expect(ada.pending("I am")).toBeVisible();
  await stage.server.startAgain();
  await vera.sees("Is anybody there?", "sent", "seen");
  await vera.sees("I am");
  await expect(ada.log.locator("[data-pending]")).toHaveCount(0);
  await expect(ada.log.getByText("Is anybody there?")).toBeVisible();
  // Which of the two came first is the server's to say, and it says the same to both.
  const stored = await stage.stored(chatOf(ada));
  expect([...stored].sort()).toEqual(["Before the power cut", "I am", "Is anybody there?"]);
  await allRead([ada, vera], ...stored);
  await expect(ada.page.getByText("Reconnecting.")).toHaveCount(0);
  await expect(vera.inside.getByText("Connecting again…")).toHaveCount(0);
});

test("what is refused in a chat that was closed meanwhile is given back to its writer", async ({ stage }) => {
  const ada = await stage.ada();
  const vera = await stage.customer("Vera");
  const ben = await stage.ben();
  await stage.inChat(ada, vera, "Soon closed");
  for (const person of [ada, vera]) person.seat.expects(/409 \(Conflict\)/);
  await ada.seat.goOffline();
  await vera.seat.goOffline();
  await ada.write("Too late, agent");
  await vera.write("Too late, customer");
  await expect(ada.pending("Too late, agent")).toBeVisible();
  await vera.sees("Too late, customer", "waiting");
  await ben.section("active").click();
  await ben.open("Soon closed");
  await ben.close();
  await ada.seat.goOnline();
  const refused = ada.log.locator("[data-pending=failed]");
  await expect(refused.getByRole("alert")).toContainText("The chat is closed.");
  await refused.getByRole("button", { name: "Back to draft" }).click();
  await ada.reads("Soon closed");
  await vera.seat.goOnline();
  await vera.sees("Too late, customer", "failed");
  await expect(vera.inside.getByText("Start a new one to go on.")).toBeVisible();
  await vera.button("startNew").click();
  await expect(vera.field("message")).toHaveValue("Too late, customer");
  await vera.button("startChat").click();
  await vera.sees("Too late, customer", "sent");
  await ben.section("waiting").click();
  await expect(ben.row("Too late, customer")).toBeVisible();
});
