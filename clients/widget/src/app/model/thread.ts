/** Something that is talked about, message by message: a conversation, or a ticket. */
import type { ReadonlySignal } from "@preact/signals";
import type { Row } from "./rows";

export interface Thread {
  readonly rows: ReadonlySignal<readonly Row[]>;
  readonly hasEarlier: ReadonlySignal<boolean>;
  /** Whether nothing more can be said in it. */
  readonly isClosed: ReadonlySignal<boolean>;
  /** Grows when what is in sight is to be marked as seen again. */
  readonly unmarked: ReadonlySignal<number>;
  readEarlier(): Promise<void>;
  /** Says that what is here has been seen. */
  seen(): Promise<void>;
}

/** Keeps a text and has it sent; says whether it could be kept. */
export type Send = (text: string) => Promise<boolean>;
