// What agents and customers have in common: a page at a seat, a language, and everything that must hold for whatever they look at.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, type Frame, type Page } from "@playwright/test";
import type { Seat } from "./seat";
import { Foreign, type Language, say, type Values } from "./texts";

/** Run as the debugger does, which a page's content policy does not bind. */
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Found {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

export abstract class Person {
  readonly #foreign: Foreign;

  constructor(
    readonly seat: Seat,
    readonly page: Page,
    readonly language: Language,
    private readonly texts: Readonly<Record<Language, ReadonlyMap<string, string>>>,
  ) {
    this.#foreign = new Foreign(texts);
  }

  /** The texts of the conversation that is open, in order. */
  abstract said(): Promise<string[]>;

  /** What belongs to us of all that is on the screen. */
  protected abstract frames(): Frame[];

  /** A text of the program, as this person reads it. */
  t(key: string, values?: Values): string {
    return say(this.texts[this.language], key, values);
  }

  /** Ends when exactly this stands there, in this order. */
  async reads(...texts: string[]): Promise<void> {
    await expect.poll(() => this.said(), { message: `what ${this.seat.name} reads` }).toEqual(texts);
  }

  /** Everybody can use what is on the screen, it is within the screen, and it is in the person's language. */
  async isGood(where: string): Promise<void> {
    for (const frame of this.frames()) {
      await settled(frame);
      await isAccessible(frame, where);
      await isWithin(frame, where);
      if (this.language === "es") await this.#isTranslated(frame, where);
    }
  }

  async #isTranslated(frame: Frame, where: string): Promise<void> {
    const shown = await frame.evaluate(textsOfPage);
    expect(this.#foreign.among(shown), `what is not in Spanish: ${where}`).toEqual([]);
  }
}

/** Every text that is shown or spoken; run in the page. */
function textsOfPage(): string[] {
  const roots: (Document | ShadowRoot)[] = [document];
  const texts = [document.title];
  for (const root of roots) {
    const all = [...root.querySelectorAll("*")];
    roots.push(...all.flatMap(({ shadowRoot }) => shadowRoot ?? []));
    for (const element of all) {
      const nodes = [...element.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE);
      // A text with a gap is several nodes.
      texts.push(...nodes.map(({ nodeValue }) => nodeValue ?? ""), nodes.map(({ nodeValue }) => nodeValue).join(""));
      texts.push(...["aria-label", "title", "placeholder", "alt"].map((name) => element.getAttribute(name) ?? ""));
    }
  }
  return texts.map((text) => text.trim()).filter((text) => text !== "");
}

/** What fades in has not its colors yet, and what has just been asked for may not have begun to. */
async function settled(frame: Frame): Promise<void> {
  await frame.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  await expect
    .poll(() =>
      frame.evaluate(
        () =>
          document
            .getAnimations()
            .filter(({ effect, playState }) => playState === "running" && effect?.getTiming().iterations === 1).length,
      ),
    )
    .toBe(0);
}

/**
 * Rules of a whole page, which say nothing while a menu or the list of a select stands over it: what lies behind is hidden from readers and
 * the focus cannot leave, but axe takes that for a fault everywhere but in a dialog.
 */
const OF_THE_PAGE = ["aria-hidden-focus", "region", "page-has-heading-one", "landmark-one-main"];

async function isAccessible(frame: Frame, where: string): Promise<void> {
  if (!(await frame.evaluate(() => "axe" in globalThis))) await frame.evaluate(AXE);
  const isBehind = (await frame.locator("[data-radix-popper-content-wrapper] :is([role=menu], [role=listbox])").count()) > 0;
  const rules = Object.fromEntries((isBehind ? OF_THE_PAGE : []).map((id) => [id, { enabled: false }]));
  const { violations } = await frame.evaluate<{ violations: Found[] }>(
    `axe.run({ iframes: false, resultTypes: ["violations"], rules: ${JSON.stringify(rules)} })`,
  );
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary ?? ""}`),
  );
  expect(found, `what not everybody can use: ${where}`).toEqual([]);
}

async function isWithin(frame: Frame, where: string): Promise<void> {
  const beyond = await frame.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(beyond, `how far it is wider than the screen: ${where}`).toBeLessThanOrEqual(0);
}
