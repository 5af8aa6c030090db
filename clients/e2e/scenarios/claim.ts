// Two agents want the same chat.
import { chatOf, expect, test } from "../stage/stage";

test("of two agents who take a chat at the same moment one has it, the other is told who", async ({ stage }) => {
  const [ada, ben] = [await stage.ada(), await stage.ben()];
  const vera = await stage.customer("Vera");
  await vera.open();
  await vera.start("Who takes me?");
  const agents = [ada, ben];
  for (const agent of agents) await agent.open("Who takes me?");
  // What both ask is held until both have asked: neither page can know of the other.
  for (const agent of agents) {
    agent.seat.expects(/409 \(Conflict\)/);
    agent.seat.network.hold();
    await agent.button("Take chat").click();
    await expect(agent.button("Take chat")).toHaveAttribute("aria-busy", "true");
  }
  for (const agent of agents) agent.seat.network.release();
  await expect.poll(async () => Promise.all(agents.map(({ page }) => page.getByText("answers this chat.").count()))).toContain(1);
  const [winner, loser] = (await ada.page.getByText("answers this chat.").count()) === 0 ? [ada, ben] : [ben, ada];
  const { name } = winner.account;
  await loser.sees(`${name} is answering this chat already.`);
  await loser.sees(`${name} answers this chat.`);
  await expect(loser.button("Take chat")).toHaveCount(0);
  await expect(winner.section("mine")).toHaveAccessibleName("Mine 1");
  await expect(loser.section("mine")).toHaveAccessibleName("Mine 0");
  await expect(vera.inside.getByRole("heading", { name })).toBeVisible();
  await winner.write("I do");
  await vera.reads("Who takes me?", "I do");
  expect(await stage.stored(chatOf(winner))).toEqual(["Who takes me?", "I do"]);
});
