/**
 * The frame on the host page, in a dialog: beside the page where there is room; over all of it, and modal, where there is not.
 * The browser itself then keeps the focus in it.
 */
import type { Hello, ToFrame, ToHost } from "../protocol.js";

const NARROW = matchMedia("(max-width: 520px), (max-height: 480px)");

/** How long a frame may be silent. A browser that refuses to show one tells no script of the page. */
const SILENCE_MS = 10_000;

export class Panel {
  readonly dialog = document.createElement("dialog");
  readonly frame = document.createElement("iframe");
  readonly #waiting = new Map<string, ToFrame>();
  #port: MessagePort | undefined;
  #silence = 0;

  constructor(
    private readonly origin: string,
    address: URL,
    private readonly hello: Omit<Hello, "rapport" | "page">,
    private readonly hear: (message: ToHost) => void,
    private readonly turned: (isOpen: boolean) => void,
  ) {
    this.frame.src = address.href;
    this.frame.allow = "clipboard-write";
    this.frame.addEventListener("load", () => this.#greet());
    this.dialog.append(this.frame);
    // Escape where the focus is not in the frame.
    this.dialog.addEventListener("close", () => this.turned(this.isOpen));
    NARROW.addEventListener("change", () => this.isOpen && this.#lay());
    // A keyboard of glass lies over the page without making it smaller.
    for (const kind of ["resize", "scroll"]) visualViewport?.addEventListener(kind, () => this.#fit());
  }

  get isOpen(): boolean {
    return this.dialog.open;
  }

  /** What a screen reader calls it. */
  name(label: string): void {
    this.frame.title = label;
    this.dialog.setAttribute("aria-label", label);
  }

  place(position: string): void {
    this.dialog.dataset.at = position;
    this.#mark();
  }

  open(): void {
    if (this.isOpen) return;
    this.#lay();
    this.frame.focus();
    this.turned(true);
  }

  close(): void {
    if (this.isOpen) this.dialog.close();
  }

  /** Says it to the frame; the last of its kind where the frame is not there yet. */
  say(message: ToFrame): void {
    this.#waiting.set(message.kind, message);
    this.#port?.postMessage(message);
  }

  #lay(): void {
    // A dialog changes its kind by being opened anew; the frame in it does not notice.
    if (this.isOpen) this.dialog.close();
    this.#mark();
    if (NARROW.matches) this.dialog.showModal();
    else this.dialog.show();
    this.tell();
  }

  tell(): void {
    this.say({ kind: "shown", open: this.isOpen, sheet: NARROW.matches });
  }

  #mark(): void {
    this.dialog.className = NARROW.matches ? "sheet" : (this.dialog.dataset.at ?? "end");
    this.#fit();
  }

  /** As high as what can be seen, where it covers everything. */
  #fit(): void {
    const { style } = this.dialog;
    const view = visualViewport;
    const isCovered = NARROW.matches && view && view.scale === 1 && view.height < innerHeight - 1;
    style.setProperty("block-size", isCovered ? `${view.height}px` : "");
    style.setProperty("inset-block-start", isCovered ? `${view.offsetTop}px` : "");
  }

  /** A new frame document gets a new channel; whoever else stands in the frame gets nothing, its origin is another. */
  #greet(): void {
    this.#port?.close();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = (event: MessageEvent<ToHost>) => {
      clearTimeout(this.#silence);
      this.hear(event.data);
    };
    clearTimeout(this.#silence);
    this.#silence = window.setTimeout(() => {
      console.warn(
        `Rapport: no answer from ${this.origin}. Are pages of ${location.origin} among the workspace's allowed origins?`,
      );
    }, SILENCE_MS);
    const hello: Hello = { rapport: 1, page: location.origin + location.pathname, ...this.hello };
    this.frame.contentWindow?.postMessage(hello, this.origin, [port2]);
    for (const message of this.#waiting.values()) port1.postMessage(message);
  }
}
