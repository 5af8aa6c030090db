// Somebody who writes to a shop: on its page, through the widget.
import { expect, type Frame, type FrameLocator, type Locator } from "@playwright/test";
import { Person } from "./person";
import type { Seat } from "./seat";
import { type Language, WIDGET } from "./texts";

export type MessageState = "sent" | "seen" | "sending" | "waiting" | "failed";

export class Customer extends Person {
  private constructor(
    seat: Seat,
    page: Awaited<ReturnType<Seat["page"]>>,
    language: Language,
    readonly name: string,
    /** The page that has the widget. */
    readonly shop: string,
  ) {
    super(seat, page, language, WIDGET);
  }

  /** On the shop's page. `script` are attributes of the widget's tag. */
  static async at(
    seat: Seat,
    name: string,
    language: Language,
    shop = `${seat.url}/demo/`,
    script: Readonly<Record<string, string>> = {},
  ): Promise<Customer> {
    const customer = new Customer(seat, await seat.page(), language, name, shop);
    if (Object.keys(script).length > 0)
      await customer.page.addInitScript((data) => {
        new MutationObserver(() => {
          const tag = document.querySelector<HTMLScriptElement>("script[data-workspace]");
          if (tag) Object.assign(tag.dataset, data);
        }).observe(document, { childList: true, subtree: true });
      }, script);
    await customer.page.goto(shop);
    await expect(customer.launcher).toBeVisible();
    return customer;
  }

  /** Another tab of the same browser. */
  tab(): Promise<Customer> {
    return Customer.at(this.seat, this.name, this.language, this.shop);
  }

  get email(): string {
    return `${this.name.toLowerCase()}@example.com`;
  }

  get launcher(): Locator {
    return this.page.locator("rapport-widget button.launcher");
  }

  get badge(): Locator {
    return this.page.locator("rapport-widget .badge");
  }

  /** The widget's document. */
  get inside(): FrameLocator {
    return this.page.frameLocator("rapport-widget iframe");
  }

  get composer(): Locator {
    return this.inside.getByRole("textbox", { name: this.t("composer") });
  }

  field(key: "name" | "email" | "message"): Locator {
    return this.inside.getByRole("textbox", { name: new RegExp(`^${this.t(key)}( |$)`) });
  }

  button(key: string): Locator {
    return this.inside.getByRole("button", { name: this.t(key), exact: true });
  }

  frame(): Frame {
    const frame = this.page.frames().find((each) => new URL(each.url()).pathname.startsWith("/widget/"));
    if (!frame) throw new Error("the widget's frame is not there");
    return frame;
  }

  async open(): Promise<void> {
    await this.launcher.click();
  }

  /** Comes back to the page, and to the conversation. */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.open();
  }

  /** Fills the form and sends it. */
  async start(text: string): Promise<void> {
    await this.field("name").fill(this.name);
    await this.field("email").fill(this.email);
    await this.field("message").fill(text);
    await this.inside.locator("button[type=submit]").click();
  }

  async write(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press("Enter");
  }

  bubble(text: string, ...states: MessageState[]): Locator {
    const rows = states.length > 0 ? states.map((state) => `.row.${state} .bubble`).join(", ") : ".row .bubble";
    return this.inside.locator(rows).getByText(text, { exact: true });
  }

  /** Ends when the message stands there, and the customer is told that it is so. */
  async sees(text: string, ...states: MessageState[]): Promise<void> {
    await expect(this.bubble(text, ...states)).toBeVisible();
  }

  said(): Promise<string[]> {
    return this.inside.locator(".bubble").allTextContents();
  }

  protected frames(): Frame[] {
    return [this.page.mainFrame(), this.frame()];
  }
}
