// What goes wrong says so in the person's words, and nothing that was typed is lost. Wherever the real server can refuse, it does.
import type { Agent } from "../stage/agent";
import { CUT } from "../stage/seat";
import { expect, type Stage, test } from "../stage/stage";

const TYPED = "Un nombre que se ha escrito";
const LONG = "largo ".repeat(1_420);

/** The form of the workspace with something typed. */
async function atTheForm(stage: Stage): Promise<Agent> {
  const olivia = await stage.olivia({ language: "es" });
  await olivia.go("/settings/workspace");
  await olivia.field(olivia.t("settings.workspace.name")).fill(TYPED);
  return olivia;
}

const save = (agent: Agent) => agent.button(agent.t("ui.save")).click();
const keeps = (agent: Agent) => expect(agent.field(agent.t("settings.workspace.name"))).toHaveValue(TYPED);

test("a wrong password", async ({ stage }) => {
  const ada = await stage.visitor(stage.demo.agents[0], { language: "es" });
  ada.seat.expects(/401 \(Unauthorized\)/);
  await ada.go("/sign-in");
  await ada.tryToSignIn("not the password");
  await ada.sees(ada.t("errors.CREDENTIALS_WRONG"));
  await expect(ada.field(ada.t("signIn.email"))).toHaveValue(ada.account.email);
  await expect(ada.field(ada.t("signIn.workspace"))).toHaveValue("demo");
  await ada.isGood("a refused sign-in");
  await ada.field(ada.t("signIn.password")).fill(ada.account.password);
  await ada.button(ada.t("signIn.submit")).click();
  await ada.page.waitForURL("**/inbox");
});

test("the server is down, then back", async ({ stage }) => {
  const olivia = await atTheForm(stage);
  olivia.seat.expects(CUT);
  await stage.server.kill();
  await olivia.sees(olivia.t("connection.reconnecting"));
  await save(olivia);
  // What the browser says of a connection that is refused and of one that breaks is one thing to people.
  await olivia.sees(new RegExp(`${olivia.t("errors.NETWORK")}|${olivia.t("errors.SERVER_TROUBLE")}`.replaceAll(".", "\\.")));
  await keeps(olivia);
  await olivia.isGood("a server that is gone");
  const late = await stage.visitor(stage.demo.agents[0], { language: "es" });
  late.seat.expects(CUT);
  await stage.server.startAgain();
  await expect(olivia.page.getByText(olivia.t("connection.reconnecting"))).toHaveCount(0);
  await save(olivia);
  await olivia.sees(olivia.t("ui.saved"));
});

test("the server is down while somebody signs in, and while a customer begins", async ({ stage }) => {
  const ada = await stage.visitor(stage.demo.agents[0], { language: "es" });
  const vera = await stage.customer("Vera", { language: "es" });
  for (const { seat } of [ada, vera]) seat.expects(CUT);
  await ada.go("/sign-in");
  await vera.open();
  await vera.field("message").fill("¿Hay alguien?");
  await stage.server.kill();
  await ada.tryToSignIn();
  await ada.sees(new RegExp(`${ada.t("errors.NETWORK")}|${ada.t("errors.SERVER_TROUBLE")}`.replaceAll(".", "\\.")));
  await expect(ada.field(ada.t("signIn.password"))).toHaveValue(ada.account.password);
  await vera.start("¿Hay alguien?");
  await expect(vera.inside.getByText(vera.t("ticketQueued"))).toBeVisible();
  await vera.isGood("a message that is kept");
  await stage.server.startAgain();
  await ada.button(ada.t("signIn.submit")).click();
  await ada.page.waitForURL("**/inbox");
  await expect(vera.inside.getByText(vera.t("ticketSent"))).toBeVisible();
  await ada.go("/tickets");
  await expect(ada.row("¿Hay alguien?")).toHaveCount(1);
});

test("a slow server", async ({ stage }) => {
  // A whole timeout of the client is waited for.
  test.slow();
  const olivia = await atTheForm(stage);
  const vera = await stage.customer("Vera", { language: "es" });
  await vera.open();
  await vera.start("¿Sigue ahí?");
  await vera.sees("¿Sigue ahí?", "sent");
  for (const { seat } of [olivia, vera]) seat.expects(CUT);
  stage.server.pause();
  await vera.write("¿Hola?");
  await vera.sees("¿Hola?", "sending", "waiting");
  await save(olivia);
  await expect(olivia.page.getByText(olivia.t("errors.SLOW"))).toBeVisible({ timeout: 30_000 });
  await keeps(olivia);
  stage.server.goOn();
  await vera.sees("¿Hola?", "sent");
  await vera.reads("¿Sigue ahí?", "¿Hola?");
  // What was asked may have been done, or not; in the end it is.
  const owner = await stage.behind(stage.demo.owner);
  await expect(async () => {
    const button = olivia.button(olivia.t("ui.save"));
    if (await button.isEnabled()) await button.click({ timeout: 1_000 });
    expect((await owner.tenants.getTenant({})).tenant?.name).toBe(TYPED);
  }).toPass({ timeout: 15_000 });
  await keeps(olivia);
});

test("too large: a body beyond the server's limit, and messages beyond the contract's", async ({ stage }) => {
  const olivia = await stage.olivia({ language: "es" });
  olivia.seat.expects(/413 \(/, CUT);
  await olivia.go("/settings/origins");
  const sites = olivia.field(olivia.t("settings.origins.label"));
  // A little more than a request may have: the server has read nearly all of it when it refuses.
  const many = Array.from({ length: 12 }, (_none, at) => `https://${"shop-".repeat(4400)}${at}.example`).join("\n");
  await sites.fill(many);
  await save(olivia);
  await olivia.sees(olivia.t("errors.REQUEST_TOO_LARGE"));
  await expect(sites).toHaveValue(many);

  const vera = await stage.customer("Vera", { language: "es" });
  await vera.open();
  await vera.start(LONG);
  await expect(vera.inside.getByText(vera.t("faultTooLong"))).toBeVisible();
  await expect(vera.field("message")).toHaveValue(LONG);
  await vera.start("Corto");
  await vera.sees("Corto", "sent");
  await vera.composer.fill(LONG);
  await expect(vera.inside.getByText(vera.t("tooLong", { over: 520 }))).toBeVisible();
  await vera.composer.press("Enter");
  await expect(vera.composer).toHaveValue(LONG);
  await vera.write("y".repeat(8_000));
  await vera.sees("y".repeat(8_000), "sent");

  await olivia.go("/inbox");
  await olivia.row("yyy").click();
  await olivia.composer.fill(LONG);
  await expect(olivia.page.getByText(olivia.t("conversation.left_other", { count: -520 }))).toBeVisible();
  await olivia.composer.press("Enter");
  await expect(olivia.composer).toHaveValue(LONG);
  expect(await olivia.said()).toEqual(["Corto", "y".repeat(8_000)]);
});

test.describe("where an address may try to sign in twice a minute", () => {
  test.use({ settings: { RAPPORT_LIMITS__SIGN_INS: "2" } });

  test("too often", async ({ stage }) => {
    const ada = await stage.visitor(stage.demo.agents[0], { language: "es" });
    ada.seat.expects(/(401|429) \(/);
    await ada.go("/sign-in");
    await ada.tryToSignIn("wrong");
    await ada.sees(ada.t("errors.CREDENTIALS_WRONG"));
    const refused = ada.page.getByText(new RegExp(ada.t("errors.RATE_LIMITED_UNTIL_other", { count: "\\d+" }).slice(0, 24)));
    for (let tries = 0; tries < 4; tries += 1) {
      await ada.button(ada.t("signIn.submit")).click();
      await expect(ada.page.locator("form button[type=submit]:not([aria-busy])")).toBeVisible({ timeout: 30_000 });
    }
    await expect(refused).toBeVisible();
    await expect(ada.field(ada.t("signIn.password"))).toHaveValue("wrong");
    await ada.isGood("too many sign-ins");
    const vera = await stage.customer("Vera", { language: "es" });
    vera.seat.expects(/429 \(/);
    await vera.open();
    await vera.start("Una de muchas");
    await expect(vera.inside.getByText(vera.t("ticketQueued"))).toBeVisible();
  });
});

test.describe("where a session may ask once a second", () => {
  test.use({ settings: { RAPPORT_LIMITS__SESSION_REQUESTS: "1" } });

  test("a customer who writes faster than they may loses nothing", async ({ stage }) => {
    test.slow();
    const agent = await stage.behind(stage.demo.agents[0]);
    await agent.live.start();
    await stage.teamIs(true);
    const vera = await stage.customer("Vera", { language: "es" });
    vera.seat.expects(/429 \(/);
    await vera.open();
    const all = ["Uno", "Dos", "Tres", "Cuatro", "Cinco", "Seis"];
    // What else the page asks comes off the same second.
    const atLast = (text: string) => expect(vera.bubble(text, "sent")).toBeVisible({ timeout: 60_000 });
    await vera.start("Uno");
    await atLast("Uno");
    for (const text of all.slice(1)) await vera.write(text);
    await atLast("Seis");
    await vera.reads(...all);
  });
});

test("a right that is lost while somebody types", async ({ stage }) => {
  const owner = await stage.behind(stage.demo.owner);
  const { members } = await owner.tenants.listMembers({});
  const memberId = members.find(({ name }) => name === "Ada Agent")?.memberId ?? "";
  await owner.tenants.updateMember({ memberId, role: "ROLE_ADMIN" });
  const ada = await stage.ada({ language: "es" });
  ada.seat.expects(/40[13] \(/);
  await ada.go("/settings/workspace");
  await ada.field(ada.t("settings.workspace.name")).fill(TYPED);
  await owner.tenants.updateMember({ memberId, role: "ROLE_AGENT" });
  // The session goes on with the rights it has left.
  await ada.sees(ada.t("settings.readOnly"));
  await keeps(ada);

  const vera = await stage.customer("Vera");
  await vera.open();
  await vera.start("¿Quién responde?");
  await ada.go("/inbox");
  await ada.open("¿Quién responde?");
  await ada.composer.fill("Yo, mientras pueda");
  await owner.tenants.updateMember({ memberId, role: "ROLE_VIEWER" });
  await ada.sees(ada.t("conversation.lookOnly"));
  await owner.tenants.updateMember({ memberId, role: "ROLE_AGENT" });
  await expect(ada.composer).toHaveValue("Yo, mientras pueda");
});
