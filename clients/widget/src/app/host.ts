/** The page around the frame. It is spoken to through the port its loader gave, and through nothing else. */
import { signal } from "@preact/signals";
import type { Hello, ToFrame, ToHost } from "../protocol";

export class Host {
  readonly shown = signal({ open: false, sheet: false });
  readonly page = signal("");
  readonly dir = signal<Hello["dir"]>("ltr");
  /** What the page says of the customer. */
  readonly who = signal({ name: "", email: "" });
  #port: MessagePort | undefined;
  readonly #last = new Map<string, ToHost>();

  constructor(window: Window) {
    // Opened by itself it is a page of its own.
    if (window.parent === window) this.shown.value = { open: true, sheet: true };
    window.addEventListener("message", (event: MessageEvent<Partial<Hello> | null>) => {
      const port = event.ports[0];
      if (event.source !== window.parent || event.data?.rapport !== 1 || !port || this.#port) return;
      this.#port = port;
      this.page.value = String(event.data.page ?? "").slice(0, 2000);
      this.dir.value = event.data.dir === "rtl" ? "rtl" : "ltr";
      port.onmessage = ({ data }: MessageEvent<ToFrame>) => this.#hear(data);
      for (const message of this.#last.values()) port.postMessage(message);
    });
  }

  get isAlone(): boolean {
    return window.parent === window;
  }

  /** Asks for the panel to be closed. From now on nothing in it is seen, whenever the page gets to it. */
  close(): void {
    if (this.isAlone) return;
    this.shown.value = { ...this.shown.peek(), open: false };
    this.say({ kind: "close" });
  }

  say(message: ToHost): void {
    // What is asked once is not asked again of a page that comes later.
    if (message.kind !== "close") this.#last.set(message.kind, message);
    this.#port?.postMessage(message);
  }

  #hear(message: ToFrame): void {
    if (message.kind === "shown") this.shown.value = { open: message.open === true, sheet: message.sheet === true };
    else if (message.kind === "identify")
      this.who.value = { name: String(message.name).slice(0, 100), email: String(message.email).slice(0, 254) };
  }
}
