// Somebody who works in the portal.
import { expect, type Frame, type Locator } from "@playwright/test";
import type { Person as Account } from "../../ts/test/server";
import { Person } from "./person";
import type { Seat } from "./seat";
import { type Language, PORTAL } from "./texts";

export class Agent extends Person {
  private constructor(
    seat: Seat,
    page: Awaited<ReturnType<Seat["page"]>>,
    language: Language,
    readonly account: Account,
  ) {
    super(seat, page, language, PORTAL);
  }

  /** A tab of theirs; who sits at it has not signed in by this. */
  static async at(seat: Seat, account: Account, language: Language): Promise<Agent> {
    return new Agent(seat, await seat.page(), language, account);
  }

  /** Another tab of the same browser. */
  tab(): Promise<Agent> {
    return Agent.at(this.seat, this.account, this.language);
  }

  async go(path: string): Promise<void> {
    await this.page.goto(this.seat.url + path);
  }

  field(label: string): Locator {
    return this.page.getByLabel(label, { exact: true });
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name, exact: true });
  }

  get dialog(): Locator {
    return this.page.getByRole("dialog");
  }

  get log(): Locator {
    return this.page.getByRole("log");
  }

  get composer(): Locator {
    return this.page.getByRole("textbox", { name: this.t("conversation.replyText"), exact: true });
  }

  /** What was written and is not at the server, by its text. */
  pending(text: string): Locator {
    return this.log.locator("[data-pending]").filter({ hasText: text });
  }

  async sees(text: string | RegExp): Promise<void> {
    await expect(this.page.getByText(text).filter({ visible: true }).first()).toBeVisible();
  }

  /** Fills in the form and sends it. */
  async tryToSignIn(password = this.account.password, workspace = "demo"): Promise<void> {
    await this.field(this.t("signIn.workspace")).fill(workspace);
    await this.field(this.t("signIn.email")).fill(this.account.email);
    await this.field(this.t("signIn.password")).fill(password);
    await this.button(this.t("signIn.submit")).click();
  }

  async signIn(): Promise<void> {
    await this.go("/sign-in");
    await this.tryToSignIn();
    await this.page.waitForURL("**/inbox");
    await expect(this.page.getByRole("tab").first()).toBeVisible();
  }

  async signOut(): Promise<void> {
    await this.button(new RegExp(`^${this.account.name}, `)).click();
    await this.page.getByRole("menuitem", { name: this.t("account.signOut") }).click();
  }

  section(name: "waiting" | "mine" | "active" | "closed"): Locator {
    return this.page.getByRole("tab", { name: new RegExp(`^${this.t(`inbox.section.${name}`)}`) });
  }

  /** The chat's row in the list, by its last words. */
  row(text: string): Locator {
    return this.page.locator("[data-row]").filter({ hasText: text });
  }

  /** Opens the chat whose last words these are. */
  async open(text: string): Promise<void> {
    await this.row(text).click();
    await expect(this.log.getByText(text, { exact: true })).toBeVisible();
  }

  async claim(): Promise<void> {
    await this.button(this.t("conversation.claim")).first().click();
    await expect(this.section("mine")).toHaveAttribute("aria-selected", "true");
  }

  async write(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press("Enter");
  }

  async note(text: string): Promise<void> {
    await this.page.getByRole("radio", { name: this.t("conversation.note") }).click();
    const note = this.page.getByRole("textbox", { name: this.t("conversation.noteText") });
    await note.fill(text);
    await note.press("Enter");
    await expect(note).toHaveValue("");
    await this.page.getByRole("radio", { name: this.t("conversation.reply") }).click();
  }

  /** Gives the chat that is open to a colleague. */
  async transfer(to: string): Promise<void> {
    await this.button(this.t("conversation.more")).click();
    await this.page.getByRole("menuitem", { name: this.t("conversation.transfer") }).click();
    await this.dialog.getByRole("button", { name: new RegExp(to) }).click();
    await expect(this.dialog).toHaveCount(0);
  }

  /** Ends the chat that is open. */
  async close(reason = ""): Promise<void> {
    await this.page
      .getByRole("main")
      .getByRole("button", { name: this.t("conversation.close") })
      .click();
    await this.dialog.getByRole("textbox").fill(reason);
    await this.dialog.getByRole("button", { name: this.t("conversation.close") }).click();
    await expect(this.dialog).toHaveCount(0);
  }

  said(): Promise<string[]> {
    return this.log.locator("[data-text]").allTextContents();
  }

  protected frames(): Frame[] {
    return [this.page.mainFrame()];
  }
}
