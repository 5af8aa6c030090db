// Every screen of the portal, as everybody sees it: usable by all, within the screen, in the reader's language, in both themes.
import type { Agent } from "../stage/agent";
import { type Furnished, furnish } from "../stage/furnish";
import { expect, type Stage, test } from "../stage/stage";

interface Screen {
  readonly path: string;
  /** What is opened on it, and how; put away by the escape key. */
  readonly opened?: Readonly<Record<string, (agent: Agent) => Promise<unknown>>>;
}

const press = (keys: string) => (agent: Agent) => agent.page.keyboard.press(keys);
const click = (key: string) => (agent: Agent) => agent.button(agent.t(key)).first().click();
const screens = ({ waiting, active, closed, ticket, customer }: Furnished): Screen[] => [
  {
    path: "/inbox",
    opened: {
      "the filters": click("inbox.filter"),
      "the palette": press("Control+k"),
      "the help": press("?"),
      "the account": (agent) => agent.button(new RegExp(`^${agent.account.name}, `)).click(),
    },
  },
  { path: "/inbox?section=mine" },
  { path: "/inbox?section=active" },
  { path: "/inbox?section=closed" },
  { path: `/inbox/${waiting}` },
  { path: `/inbox/${closed}?section=closed` },
  {
    path: `/inbox/${active}?section=active`,
    opened: {
      "what can be done": click("conversation.more"),
      "the transfer": async (agent) => {
        await agent.composer.press("Escape");
        await agent.page.keyboard.press("t");
      },
      "the closing": async (agent) => {
        await agent.page
          .getByRole("main")
          .getByRole("button", { name: agent.t("conversation.close") })
          .click();
      },
      "the new ticket": async (agent) => {
        await click("conversation.more")(agent);
        await agent.page.getByRole("menuitem", { name: agent.t("conversation.ticket") }).click();
        await agent.dialog.getByRole("button", { name: agent.t("tickets.create") }).click();
        await expect(agent.dialog.getByText(agent.t("tickets.required")).first()).toBeVisible();
      },
    },
  },
  { path: "/inbox/mistyped" },
  { path: `/inbox/${active.slice(0, -6)}000000` },
  {
    path: "/tickets",
    opened: {
      "the new ticket": press("n"),
    },
  },
  { path: "/tickets?view=mine" },
  { path: "/tickets?view=done" },
  { path: "/tickets?view=all" },
  {
    path: `/tickets/${ticket}`,
    opened: { "its states": (agent) => agent.page.getByRole("combobox", { name: agent.t("tickets.stateLabel") }).click() },
  },
  { path: "/tickets/mistyped" },
  { path: "/customers" },
  { path: `/customers/${customer}` },
  { path: "/agents" },
  {
    path: "/profile",
    opened: { "the languages": (agent) => agent.page.getByRole("combobox", { name: agent.t("profile.language") }).click() },
  },
  { path: "/settings" },
  { path: "/settings/workspace" },
  {
    path: "/settings/members",
    opened: {
      "a new member": click("settings.members.add"),
      "a member": (agent) => agent.button(agent.t("settings.members.change", { name: "Ben Agent" })).click(),
    },
  },
  {
    path: "/settings/departments",
    opened: {
      "a new department": click("settings.departments.add"),
      "a department": (agent) => agent.button(agent.t("settings.departments.change", { name: "Support" })).click(),
    },
  },
  { path: "/settings/widget" },
  { path: "/settings/origins" },
  { path: "/nowhere" },
];

/** By its address, and until nothing of it is still being read. */
async function visit(agent: Agent, path: string): Promise<void> {
  await agent.go(path);
  await expect(agent.page.getByRole("heading", { level: 1 }).filter({ visible: true }).first()).toBeVisible();
  await expect(agent.page.getByRole("status", { name: agent.t("ui.loading") })).toHaveCount(0);
}

async function see(agent: Agent, { path, opened = {} }: Screen): Promise<void> {
  await visit(agent, path);
  await agent.isGood(path);
  for (const [what, open] of Object.entries(opened)) {
    await open(agent);
    const over = agent.page.locator("[role=dialog], [role=menu], [role=listbox]").first();
    await expect(over).toBeVisible();
    await agent.isGood(`${what} over ${path}`);
    await agent.page.keyboard.press("Escape");
    await expect(over).toHaveCount(0);
  }
}

async function seeAll(stage: Stage, agent: Agent): Promise<void> {
  agent.seat.expects(/40[04] \((Not Found|Bad Request)\)/);
  await agent.go("/sign-in");
  await expect(agent.field(agent.t("signIn.workspace"))).toBeVisible();
  await agent.isGood("/sign-in");
  await agent.signIn();
  for (const screen of screens(await furnish(stage))) await see(agent, screen);
}

// Some forty screens, each looked at by axe.
test.describe.configure({ timeout: 180_000 });

test("every screen of the portal: light, English", async ({ stage }) => {
  await seeAll(stage, await stage.visitor(stage.demo.owner, { colorScheme: "light" }));
});

test("every screen of the portal: dark, Spanish", async ({ stage }) => {
  await seeAll(stage, await stage.visitor(stage.demo.owner, { colorScheme: "dark", language: "es" }));
});

for (const width of [390, 768])
  test(`every screen of the portal: ${width} px, Spanish`, async ({ stage }) => {
    const found = await furnish(stage);
    const olivia = await stage.olivia({ language: "es", viewport: { width, height: 900 } });
    olivia.seat.expects(/40[04] \((Not Found|Bad Request)\)/);
    for (const { path } of screens(found)) await see(olivia, { path });
  });

test("the portal as a viewer and as an agent see it, Spanish, and an empty inbox", async ({ stage }) => {
  const ada = await stage.ada({ language: "es" });
  for (const path of [
    "/inbox",
    "/inbox?section=mine",
    "/inbox?section=active",
    "/inbox?section=closed",
    "/tickets",
    "/customers",
  ])
    await see(ada, { path });
  for (const path of [
    "/settings/workspace",
    "/settings/members",
    "/settings/departments",
    "/settings/widget",
    "/settings/origins",
  ])
    await see(ada, { path });
  const { active } = await furnish(stage);
  const owner = await stage.behind(stage.demo.owner);
  const { members } = await owner.tenants.listMembers({});
  const memberId = members.find(({ name }) => name === "Ben Agent")?.memberId ?? "";
  await owner.tenants.updateMember({ memberId, role: "ROLE_VIEWER" });
  const ben = await stage.ben({ language: "es" });
  await see(ben, { path: `/inbox/${active}?section=active` });
  await ben.sees(ben.t("conversation.lookOnly"));
});
