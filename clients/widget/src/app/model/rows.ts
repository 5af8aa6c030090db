/** The rows of a conversation: what the server has and what is still to be sent, each message once. */
import type { Message, QueueEntry } from "@rapport/client/light";
import type { Fault } from "./faults";

export type RowState = "sent" | "seen" | "sending" | "waiting" | "failed";

export interface Row {
  /** Stays the same when a message that is shown has been sent. */
  readonly key: string;
  readonly isMine: boolean;
  readonly name: string;
  readonly text: string;
  readonly at: string | number;
  readonly state: RowState;
  readonly fault?: Fault | undefined;
  readonly requestId?: string;
}

export interface Parts {
  /** In order of `seq`. */
  readonly messages: readonly Message[];
  readonly entries: readonly QueueEntry[];
  /** The request ids of messages, as far as they are known, by message id. */
  readonly requestIds: ReadonlyMap<string, string>;
  readonly staffReadSeq: number;
}

export function rowsOf({ messages, entries, requestIds, staffReadSeq }: Parts): Row[] {
  const known = new Set(requestIds.values());
  const stored = messages.map((message): Row => {
    const isMine = message.sender?.kind === "SENDER_KIND_CUSTOMER";
    return {
      key: requestIds.get(message.messageId) ?? message.messageId,
      isMine,
      name: message.sender?.name ?? "",
      text: message.text,
      at: message.sentAt ?? "",
      state: isMine && message.seq <= staffReadSeq ? "seen" : "sent",
    };
  });
  const waiting = entries
    .filter((entry) => !known.has(entry.requestId) && !messages.some((message) => seems(message, entry, requestIds)))
    .map(
      (entry): Row => ({
        key: entry.requestId,
        isMine: true,
        name: "",
        text: textOf(entry),
        at: entry.createdAt,
        state: entry.state,
        fault: entry.error,
        requestId: entry.requestId,
      }),
    );
  return [...stored, ...waiting];
}

/** Clocks may differ that much. */
const SKEW_MS = 60_000;

/**
 * Whether a message whose request id is not known is the entry. After a reload an entry may have been stored and not acknowledged; for
 * the moment until it is, it must not stand there twice.
 */
function seems({ messageId, sender, text, sentAt = "" }: Message, entry: QueueEntry, requestIds: Parts["requestIds"]): boolean {
  if (entry.state === "failed" || sender?.kind !== "SENDER_KIND_CUSTOMER" || requestIds.has(messageId)) return false;
  return text === textOf(entry) && new Date(sentAt).getTime() > entry.createdAt - SKEW_MS;
}

export function textOf({ request }: QueueEntry): string {
  return String(request.text ?? "");
}

/** Whether a row begins a group: another side, or minutes later. */
export function begins(row: Row, before: Row | undefined): boolean {
  if (!before || before.isMine !== row.isMine || before.name !== row.name) return true;
  return new Date(row.at).getTime() - new Date(before.at).getTime() > 5 * 60_000;
}

/** The parts of a text that are addresses, and the rest; only what a browser opens as a page is one. */
export function linked(text: string): { readonly text: string; readonly href?: string }[] {
  const parts: { text: string; href?: string }[] = [];
  let end = 0;
  for (const found of text.matchAll(/\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/gi)) {
    if (found.index > end) parts.push({ text: text.slice(end, found.index) });
    if (URL.canParse(found[0])) parts.push({ text: found[0], href: found[0] });
    else parts.push({ text: found[0] });
    end = found.index + found[0].length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}
