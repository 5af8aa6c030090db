/** Who writes: the staff as it is heard, the customer as it is told. Signs are forgotten after a while, for an end may be lost. */
import { signal } from "@preact/signals";
import type { WidgetClient } from "./client";

const HOLDS_MS = 6_000;
const AGAIN_MS = 3_000;
const STOPS_MS = 4_000;

export class TypingSigns {
  /** Who of the staff writes; the name is empty where it is not the customer's own agent. */
  readonly typist = signal<{ readonly name: string } | undefined>(undefined);
  #forget: ReturnType<typeof setTimeout> | undefined;
  #stop: ReturnType<typeof setTimeout> | undefined;
  #toldAt = 0;

  constructor(
    private readonly client: WidgetClient,
    private readonly chatId: () => string | undefined,
  ) {
    client.live.onTyping(({ chatId: where, sender, typing }) => {
      if (where !== this.chatId() || sender?.kind !== "SENDER_KIND_MEMBER") return;
      clearTimeout(this.#forget);
      this.typist.value = typing ? { name: sender.name } : undefined;
      if (typing) this.#forget = setTimeout(() => this.heard(), HOLDS_MS);
    });
  }

  /** A message of the staff is here: nobody writes it any more. */
  heard(): void {
    this.typist.value = undefined;
  }

  /** The customer has pressed a key. */
  press(isEmpty: boolean): void {
    clearTimeout(this.#stop);
    if (isEmpty) {
      this.rest();
      return;
    }
    this.#stop = setTimeout(() => this.rest(), STOPS_MS);
    if (Date.now() - this.#toldAt < AGAIN_MS) return;
    this.#toldAt = Date.now();
    this.#tell(true);
  }

  /** The customer has stopped, or sent. */
  rest(): void {
    clearTimeout(this.#stop);
    if (this.#toldAt === 0) return;
    this.#toldAt = 0;
    this.#tell(false);
  }

  #tell(typing: boolean): void {
    const chatId = this.chatId();
    // Worth nothing later, so neither waited for nor tried again.
    if (chatId && this.client.live.status.state === "open")
      void this.client.chats.setTyping({ chatId, typing }, { retry: false }).catch(() => undefined);
  }
}
