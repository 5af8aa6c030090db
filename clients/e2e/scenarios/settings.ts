// An owner changes the workspace, and others see it as it happens.
import { expect, test } from "../stage/stage";

test("an owner changes the workspace, the widget, members, departments, sites and the own name", async ({ stage }) => {
  const olivia = await stage.olivia();
  const ben = await stage.ben();

  await test.step("the workspace: who has the form open sees the new name", async () => {
    await olivia.go("/settings/workspace");
    await ben.go("/settings/workspace");
    await olivia.field("Name").fill("Demo & Daughters");
    await olivia.button("Save changes").click();
    await olivia.sees("Saved");
    await expect(ben.page.locator("input").first()).toHaveValue("Demo & Daughters");
  });

  await test.step("the widget: a customer who comes sees it", async () => {
    await olivia.go("/settings/widget");
    await olivia.button("#0f766e").click();
    await olivia.field("Greeting").fill("Ahoy!");
    await olivia.page.getByRole("switch", { name: "Email" }).click();
    await olivia.button("Save changes").click();
    await olivia.sees("Saved");
    const vera = await stage.customer("Vera");
    await vera.open();
    await expect(vera.inside.getByRole("heading", { name: "Ahoy!" })).toBeVisible();
    await expect(vera.field("name")).toBeVisible();
    await expect(vera.field("email")).toHaveCount(0);
    await expect(vera.launcher).toHaveCSS("background-color", "rgb(15, 118, 110)");
  });

  await test.step("a member is added and suspended", async () => {
    olivia.seat.expects(/409 \(Conflict\)/);
    await olivia.go("/settings/members");
    await olivia.button("Add member").click();
    await olivia.dialog.getByLabel("Name", { exact: true }).fill("Cleo Clerk");
    await olivia.dialog.getByLabel("Email").fill(stage.demo.owner.email);
    await olivia.dialog.getByLabel("First password", { exact: true }).fill("eight or more");
    await olivia.dialog.getByRole("button", { name: "Add member" }).click();
    await expect(olivia.dialog.getByText("Somebody with this email is a member already.")).toBeVisible();
    await expect(olivia.dialog.getByLabel("First password", { exact: true })).toHaveValue("eight or more");
    await olivia.dialog.getByLabel("Email").fill("cleo@demo.example");
    await olivia.dialog.getByRole("button", { name: "Add member" }).click();
    await olivia.sees("Cleo Clerk is a member now");
    const cleo = await stage.visitor({ name: "Cleo Clerk", email: "cleo@demo.example", password: "eight or more" });
    await cleo.signIn();
    cleo.seat.expects(/401 \(Unauthorized\)/);
    await olivia.button("Change Cleo Clerk").click();
    await olivia.dialog.getByRole("combobox", { name: "Role" }).click();
    await olivia.page.getByRole("option", { name: "Viewer" }).click();
    await olivia.dialog.getByRole("switch", { name: "May sign in" }).click();
    await expect(olivia.dialog.getByText("This ends Cleo Clerk's open sessions at once.")).toBeVisible();
    await olivia.dialog.getByRole("button", { name: "Save changes" }).click();
    await olivia.sees("Suspended");
    await expect(cleo.page.getByRole("dialog", { name: "Your session has ended" })).toBeVisible();
  });

  await test.step("a department is added, and a chat of it is heard by its members", async () => {
    await olivia.go("/settings/departments");
    await olivia.button("Add department").click();
    await olivia.dialog.getByLabel("Name", { exact: true }).fill("Billing");
    await olivia.dialog.getByLabel("Ada Agent").check();
    await olivia.dialog.getByRole("button", { name: "Add department" }).click();
    await olivia.sees("Billing");
    await olivia.sees("1 member");
  });

  await test.step("sites", async () => {
    await olivia.go("/settings/origins");
    await olivia.field("Allowed sites").fill("shop.example");
    await olivia.sees("“shop.example” is not the address of a site.");
    await olivia.field("Allowed sites").fill("https://shop.example/cart");
    await olivia.button("Save changes").click();
    await olivia.sees("Saved");
    await expect(olivia.field("Allowed sites")).toHaveValue("https://shop.example");
  });

  await test.step("the own profile", async () => {
    await olivia.go("/profile");
    await olivia.field("Name").fill("Olivia Overall");
    await olivia.field("Public name").fill("Liv");
    await olivia.button("Save changes").click();
    await expect(olivia.button("Olivia Overall, Online: your account")).toBeVisible();
    await olivia.page.reload();
    await expect(olivia.field("Public name")).toHaveValue("Liv");
    await olivia.page.getByRole("combobox", { name: "Language" }).click();
    await olivia.page.getByRole("option", { name: "Español" }).click();
    await olivia.sees("Este navegador");
    await olivia.page.reload();
    await olivia.sees("Este navegador");
    expect(await olivia.page.evaluate(() => document.documentElement.lang)).toBe("es");
  });
});
