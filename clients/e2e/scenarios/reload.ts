// Pages go away at the worst moment and come back; nothing is lost and nothing doubled.
import { CUT } from "../stage/seat";
import { allRead, chatOf, expect, test } from "../stage/stage";

test("the portal is reloaded while it sends", async ({ stage }) => {
  const ada = await stage.ada();
  const vera = await stage.customer("Vera");
  await stage.inChat(ada, vera, "Before the reloads");
  ada.seat.expects(CUT);
  const all = ["Before the reloads"];
  for (let time = 1; time <= 4; time += 1) {
    all.push(`Reload ${time}`);
    await ada.composer.fill(`Reload ${time}`);
    // The key and the end of the page in one breath.
    await ada.page.evaluate(() => {
      document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
      location.reload();
    });
    await ada.page.waitForLoadState();
    await expect(ada.composer).toHaveValue("");
    await vera.sees(`Reload ${time}`);
  }
  await test.step("while the answer is on its way", async () => {
    // The answer that is lost must not be the one to what was sent before.
    await expect(ada.log.locator("[data-pending]")).toHaveCount(0);
    const lost = ada.seat.network.losesAnAnswer();
    await ada.write("Sent, and never acknowledged");
    await lost;
    await vera.sees("Sent, and never acknowledged");
    ada.seat.network.up();
    ada.seat.network.cut();
    await ada.page.reload();
    all.push("Sent, and never acknowledged");
  });
  await allRead([ada, vera], ...all);
  expect(await stage.stored(chatOf(ada))).toEqual(all);
  await test.step("a draft is there after a reload", async () => {
    await ada.composer.fill("Half a sen");
    await ada.page.reload();
    await expect(ada.composer).toHaveValue("Half a sen");
  });
});

test("the shop's page is reloaded while the widget sends", async ({ stage }) => {
  const ada = await stage.ada();
  const vera = await stage.customer("Vera");
  await stage.inChat(ada, vera, "Before the reloads");
  vera.seat.expects(CUT);
  const all = ["Before the reloads"];
  for (let time = 1; time <= 4; time += 1) {
    all.push(`Reload ${time}`);
    await vera.composer.fill(`Reload ${time}`);
    await vera.frame().evaluate(() => {
      document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
      // The frame is this page's, so it may.
      window.top?.location.reload();
    });
    await vera.page.waitForLoadState();
    await vera.open();
    await expect(ada.log.getByText(`Reload ${time}`)).toBeVisible();
    await vera.sees(`Reload ${time}`, "sent", "seen");
    await expect(vera.composer).toHaveValue("");
  }
  await test.step("while the answer is on its way", async () => {
    const lost = vera.seat.network.losesAnAnswer();
    await vera.write("Sent, and never acknowledged");
    await lost;
    await expect(ada.log.getByText("Sent, and never acknowledged")).toBeVisible();
    await vera.composer.fill("Half a sen");
    vera.seat.network.up();
    vera.seat.network.cut();
    await vera.reload();
    all.push("Sent, and never acknowledged");
  });
  await allRead([vera, ada], ...all);
  await expect(vera.composer).toHaveValue("Half a sen");
  expect(await stage.stored(chatOf(ada))).toEqual(all);
});

test("who has left a conversation that ended finds the form again, and what was typed in it", async ({ stage }) => {
  const ada = await stage.ada();
  const vera = await stage.customer("Vera");
  await stage.inChat(ada, vera, "Soon over");
  vera.seat.expects(CUT);
  await ada.close();
  await vera.reload();
  await expect(vera.inside.getByText(vera.t("ended"), { exact: true })).toBeVisible();
  await vera.button("startNew").click();
  await vera.field("message").fill("Half a question");
  // What has been read by then is what would bring the old one back.
  const read = vera.page.waitForEvent("websocket").then((socket) => socket.waitForEvent("framereceived"));
  await vera.reload();
  await read;
  await expect(vera.field("message")).toHaveValue("Half a question");
  await vera.seat.goOffline();
  await vera.seat.goOnline();
  await expect(vera.field("message")).toHaveValue("Half a question");
  await vera.button("startChat").click();
  await vera.sees("Half a question", "sent");
  await vera.reads("Half a question");
  await vera.reload();
  await vera.reads("Half a question");
});
