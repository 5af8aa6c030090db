/** The button on the host page, and the badge that says how much is unread. */
import type { Look } from "../protocol.js";

const ICONS = {
  open: [
    "M21 11.5a8.4 8.4 0 0 1-8.5 8.3 8.9 8.9 0 0 1-3.4-.7L3.5 20.5l1.5-4.6a8 8 0 0 1-1-3.9A8.4 8.4 0 0 1 12.5 3.7 8.4 8.4 0 0 1 21 11.5Z",
  ],
  close: ["m6 9 6 6 6-6"],
};

function node(name: string, attributes: Record<string, string> = {}): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

export class Launcher {
  readonly button = document.createElement("button");
  readonly #icon = node("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" });
  readonly #text = document.createElement("span");
  readonly #badge = document.createElement("span");
  #look: Look | undefined;
  #isOpen = false;
  #count = "";
  #unread = "";

  constructor(toggle: () => void) {
    this.#text.className = "text";
    this.#badge.className = "badge";
    this.#badge.hidden = true;
    this.#badge.setAttribute("aria-hidden", "true");
    this.button.type = "button";
    this.button.hidden = true;
    this.button.append(this.#icon, this.#text, this.#badge);
    this.button.addEventListener("click", toggle);
  }

  show(look: Look): void {
    this.#look = look;
    this.button.style.setProperty("--color", look.color);
    this.button.style.setProperty("--fore", look.foreground);
    this.button.className = `launcher ${look.position}`;
    this.button.hidden = false;
    this.#draw();
  }

  turn(isOpen: boolean): void {
    this.#isOpen = isOpen;
    this.#draw();
  }

  count(unread: number, label: string): void {
    this.#count = unread > 9 ? "9+" : unread > 0 ? String(unread) : "";
    this.#unread = label;
    this.#draw();
  }

  #draw(): void {
    if (!this.#look) return;
    const { labels, text } = this.#look;
    // What is read aloud begins with what is seen.
    const closed = [text || labels.open, this.#unread].filter(Boolean).join(", ");
    this.button.setAttribute("aria-label", this.#isOpen ? labels.close : closed);
    this.button.setAttribute("aria-expanded", String(this.#isOpen));
    // Beside an open panel there is nothing to be called to.
    this.#badge.textContent = this.#isOpen ? "" : this.#count;
    this.#badge.hidden = this.#badge.textContent === "";
    this.#text.textContent = this.#isOpen ? "" : text;
    this.#icon.replaceChildren(...ICONS[this.#isOpen ? "close" : "open"].map((d) => node("path", { d })));
  }
}
