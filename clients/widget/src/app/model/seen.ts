/** How far the visitor has read each ticket, kept in this browser: the server keeps no such mark for tickets. */
import { signal } from "@preact/signals";
import { localTexts, type Ticket } from "@rapport/client/light";

/** The first comment is the one it began with. */
const FIRST = 1;

export class Seen {
  readonly #seqs = signal<Readonly<Record<string, number>>>({});
  readonly #key: string;

  constructor(
    workspace: string,
    private readonly texts = localTexts(),
  ) {
    this.#key = `rapport-seen:${workspace}`;
  }

  async restore(): Promise<void> {
    try {
      const kept = JSON.parse((await this.texts.get(this.#key)) ?? "{}") as Record<string, number>;
      this.#seqs.value = { ...kept, ...this.#seqs.peek() };
    } catch {
      // What cannot be read is as if nothing had been seen.
    }
  }

  /** Whether there is something in it that has not been seen. */
  isNew({ ticketId, lastSeq }: Pick<Ticket, "ticketId" | "lastSeq">): boolean {
    return lastSeq > (this.#seqs.value[ticketId] ?? FIRST);
  }

  mark(ticketId: string, seq: number): void {
    if (seq <= (this.#seqs.peek()[ticketId] ?? FIRST)) return;
    this.#seqs.value = { ...this.#seqs.peek(), [ticketId]: seq };
    void this.texts.set(this.#key, JSON.stringify(this.#seqs.peek()));
  }
}
