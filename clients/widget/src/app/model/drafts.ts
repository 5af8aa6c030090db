/** What is typed and not sent, and in which conversation the tab is: both survive a reload of this tab, and what is typed every refusal. */
import { signal } from "@preact/signals";

export interface Draft {
  readonly name: string;
  readonly email: string;
  readonly departmentId: string;
  /** Of the form. */
  readonly text: string;
  /** Of conversations and tickets, by their ids; of a conversation that is on its way by "". */
  readonly answers: Readonly<Record<string, string>>;
  /** Which conversation is looked at. */
  readonly at: string;
}

const EMPTY: Draft = { name: "", email: "", departmentId: "", text: "", answers: {}, at: "" };

export class Drafts {
  readonly #draft;
  readonly #key: string;

  constructor(
    workspace: string,
    private readonly storage: Pick<Storage, "getItem" | "setItem"> | undefined,
  ) {
    this.#key = `rapport-draft:${workspace}`;
    this.#draft = signal<Draft>({ ...EMPTY, ...this.#kept() });
  }

  get now(): Draft {
    return this.#draft.value;
  }

  change(part: Partial<Draft>): void {
    this.#draft.value = { ...this.#draft.peek(), ...part };
    try {
      this.storage?.setItem(this.#key, JSON.stringify(this.#draft.peek()));
    } catch {
      // Full or forbidden: it lives as long as the page.
    }
  }

  /** What is typed in a conversation or a ticket. */
  answer(id: string): string {
    return this.now.answers[id] ?? "";
  }

  changeAnswer(id: string, text: string): void {
    const { [id]: _before, ...others } = this.#draft.peek().answers;
    this.change({ answers: text ? { ...others, [id]: text } : others });
  }

  /** Fills in what is known of the customer, where nothing is typed. */
  suggest({ name, email }: { readonly name: string; readonly email: string }): void {
    const now = this.#draft.peek();
    this.change({ name: now.name || name, email: now.email || email });
  }

  #kept(): Partial<Draft> {
    try {
      return JSON.parse(this.storage?.getItem(this.#key) ?? "{}");
    } catch {
      return {};
    }
  }
}

/** The tab's own storage, where the browser gives it. */
export function tabStorage(): Storage | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}
