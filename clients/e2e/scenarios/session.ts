// Sessions that end or grow old while somebody works: nothing that was typed is lost, and what is to be done is said.
import { CUT } from "../stage/seat";
import { allRead, chatOf, expect, type Stage, test } from "../stage/stage";

/** How long the server lets an access token live, in seconds. */
async function lifeOfTokens(stage: Stage): Promise<number> {
  const { email, password } = stage.demo.owner;
  const answer = await fetch(`${stage.server.url}/v1/auth:signIn`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ workspace: stage.demo.workspace, email, password }),
  });
  const { accessToken = "" } = (await answer.json()) as { accessToken?: string };
  const { iat, exp } = JSON.parse(Buffer.from(accessToken.split(".")[1] ?? "", "base64url").toString());
  return exp - iat;
}

test.describe("with tokens that live ten seconds", () => {
  test.use({ settings: { RAPPORT_ACCESS_TOKEN_SECONDS: "10" } });

  test("tokens expire during use, and nobody notices", async ({ stage }) => {
    expect(await lifeOfTokens(stage), "how long the server lets a token live").toBe(10);
    const ada = await stage.ada();
    const vera = await stage.customer("Vera");
    await stage.inChat(ada, vera, "Before the tokens expire");
    const all = ["Before the tokens expire"];
    const talk = async (when: string) => {
      await ada.write(`From the agent ${when}`);
      await vera.sees(`From the agent ${when}`);
      await vera.write(`From the customer ${when}`);
      await expect(ada.log.getByText(`From the customer ${when}`, { exact: true })).toBeVisible();
      all.push(`From the agent ${when}`, `From the customer ${when}`);
    };
    // After the second renewal the first token of each is dead for certain.
    for (const time of ["first", "second"]) {
      const adas = ada.page.waitForResponse((answer) => answer.url().endsWith("/v1/auth:refresh") && answer.ok());
      const veras = vera.page.waitForResponse((answer) => answer.url().endsWith("/v1/visitors:start") && answer.ok());
      await talk(`before the ${time} renewal`);
      await adas;
      await talk(`after the agent's ${time}`);
      await veras;
      await talk(`after the customer's ${time}`);
    }
    expect(await stage.stored(chatOf(ada))).toEqual(all);
    await vera.reads(...all);
    await ada.page.reload();
    await expect(ada.log.getByText(all.at(-1) ?? "", { exact: true })).toBeVisible();
  });
});

test("a session that was ended elsewhere says so, and keeps what was typed", async ({ stage }) => {
  const ada = await stage.ada();
  const vera = await stage.customer("Vera");
  await stage.inChat(ada, vera, "Before the end");
  await ada.composer.fill("Half a sentence");
  ada.seat.expects(/401 \(Unauthorized\)/, CUT);
  await test.step("the password is changed at another browser", async () => {
    const elsewhere = await stage.ada();
    elsewhere.seat.expects(/(401|403|400|422) \(/);
    await elsewhere.go("/profile");
    await elsewhere.field("Current password").fill("not the password");
    await elsewhere.field("New password").fill("another password");
    await elsewhere.button("Change password").click();
    await elsewhere.sees("The current password is wrong.");
    await expect(elsewhere.field("New password")).toHaveValue("another password");
    await elsewhere.field("Current password").fill(ada.account.password);
    await elsewhere.button("Change password").click();
    await elsewhere.sees("Your password is changed.");
  });
  const ended = ada.page.getByRole("dialog", { name: "Your session has ended" });
  await expect(ended).toContainText("Sign in again to go on. Everything you have typed is still here.");
  await ada.isGood("a session that has ended");
  await ada.field("Password").fill("wrong again");
  await ada.button("Sign in").click();
  await ada.sees("Workspace, email or password is wrong.");
  await ada.field("Password").fill("another password");
  await ada.button("Sign in").click();
  await expect(ended).toHaveCount(0);
  await expect(ada.composer).toHaveValue("Half a sentence");
  await vera.write("Said meanwhile");
  await expect(ada.log.getByText("Said meanwhile")).toBeVisible();
  await ada.composer.press("Enter");
  await allRead([ada, vera], "Before the end", "Said meanwhile", "Half a sentence");
});

test("a message that waits while the session ends is sent when its writer is back", async ({ stage }) => {
  const ada = await stage.ada();
  const vera = await stage.customer("Vera");
  await stage.inChat(ada, vera, "Before the end");
  await ada.seat.goOffline();
  await ada.write("Written before the end");
  await expect(ada.pending("Written before the end")).toBeVisible();
  ada.seat.expects(/401 \(Unauthorized\)/);
  const owner = await stage.behind(stage.demo.owner);
  const { members } = await owner.tenants.listMembers({});
  const memberId = members.find(({ name }) => name === "Ada Agent")?.memberId ?? "";
  await owner.tenants.updateMember({ memberId, password: "a new password" });
  await ada.seat.goOnline();
  await expect(ada.page.getByRole("dialog", { name: "Your session has ended" })).toBeVisible();
  await ada.field("Password").fill("a new password");
  await ada.button("Sign in").click();
  await vera.sees("Written before the end");
  await allRead([ada, vera], "Before the end", "Written before the end");
});

test("a visitor whose secret is of another installation begins anew", async ({ stage }) => {
  await stage.ada();
  const vera = await stage.customer("Vera");
  vera.seat.expects(/401 \(Unauthorized\)/);
  await vera.frame().evaluate(async (key) => {
    const opening = indexedDB.open("rapport-texts", 1);
    opening.addEventListener("upgradeneeded", () => opening.result.createObjectStore("texts"));
    await new Promise((opened) => opening.addEventListener("success", opened));
    const change = opening.result.transaction("texts", "readwrite");
    change.objectStore("texts").put("of another installation", key);
    await new Promise((kept) => change.addEventListener("complete", kept));
  }, `rapport-visitor:${stage.demo.workspace}`);
  await vera.reload();
  await vera.start("Am I somebody?");
  await vera.sees("Am I somebody?", "sent");
});
