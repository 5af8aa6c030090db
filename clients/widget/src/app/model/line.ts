/** How the connection is, as a customer is told: not at once, for most breaks are over before anybody has read about them. */
import { signal } from "@preact/signals";
import type { Key } from "../texts/index";
import type { WidgetClient } from "./client";
import { type Fault, faultText } from "./faults";

const PATIENCE_MS = 1_500;

export class Line {
  /** What to say of it; nothing where all is well. */
  readonly notice = signal<Key | undefined>(undefined);
  /** Whether it came to an end that it does not come back from by itself. */
  readonly isOver = signal(false);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly client: WidgetClient) {
    client.live.onStatus(() => this.#look());
    globalThis.addEventListener("online", () => this.#look());
    globalThis.addEventListener("offline", () => this.#look());
  }

  #look(): void {
    const { state } = this.client.live.status;
    this.isOver.value = state === "ended";
    if (state === "open" || state === "idle") {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.notice.value = undefined;
    } else if (this.notice.peek() || state === "ended" || !navigator.onLine) this.notice.value = this.#text();
    else this.#timer ??= setTimeout(() => this.#late(), PATIENCE_MS);
  }

  #late(): void {
    this.#timer = undefined;
    this.notice.value = this.#text();
  }

  #text(): Key {
    if (!navigator.onLine) return "offline";
    const { status } = this.client.live;
    const error: Fault | undefined = "error" in status ? status.error : undefined;
    if (!error || error.reason === "NETWORK") return "reconnecting";
    return faultText(error);
  }
}
