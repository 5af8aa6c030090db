/** A message that the server has not taken yet, or has refused: it is kept until it is sent or given up. */
import { type QueueEntry, RapportError } from "@rapport/client";
import { CircleAlert, Clock } from "lucide-react";
import { useTranslation } from "react-i18next";
import { explain } from "@/errors/explain";
import { useSay } from "@/errors/useSay";
import { useDesk } from "@/live/desk";
import { useIsOnline } from "@/live/hooks";
import { writeDraft } from "@/session/drafts";
import { Button, cx } from "@/ui";
import { NOTE, SHAPE, STAFF } from "./Bubble";
import { draftKey } from "./draft";
import { Text } from "./Text";

export interface PendingProps {
  readonly entry: QueueEntry;
  readonly text: string;
  readonly internal: boolean;
}

export function Pending({ entry, text, internal }: PendingProps) {
  const { t } = useTranslation();
  const { client } = useDesk();
  const say = useSay();
  const isOnline = useIsOnline();
  const { requestId, state, error } = entry;
  const hasFailed = state === "failed";
  // The server has answered, and wants it later.
  const isHeldUp = state === "waiting" && error !== undefined && error.reason !== "NETWORK";
  const discard = async () => {
    // What was written is not thrown away with the try to send it.
    if (await client.queue.discard(requestId)) writeDraft(draftKey(entry.lane), text);
  };
  return (
    <article aria-label={t("conversation.pending")} data-pending={state} className="flex flex-col items-end py-1 pr-12.5 pl-4">
      <div className={cx(SHAPE, internal ? NOTE : STAFF, hasFailed ? "outline-1 outline-bad" : "opacity-75")}>
        <Text text={text} />
      </div>
      {hasFailed ? (
        <div role="alert" className="mt-1 flex flex-wrap items-center justify-end gap-x-2 gap-y-1 text-sm text-bad">
          <span className="inline-flex items-center gap-1">
            <CircleAlert aria-hidden="true" className="size-4 shrink-0" />
            {explain(t, error ? new RapportError({ ...error }) : undefined).text}
          </span>
          <Button size="sm" onClick={() => void client.queue.retry(requestId).catch((thrown: unknown) => say(thrown))}>
            {t("ui.tryAgain")}
          </Button>
          <Button size="sm" look="ghost" onClick={() => void discard().catch((thrown: unknown) => say(thrown))}>
            {t("conversation.discard")}
          </Button>
        </div>
      ) : (
        <p className="mt-0.5 flex items-center gap-1 px-1 text-xs text-ink-3">
          <Clock aria-hidden="true" className="size-3" />
          {t(!isOnline ? "conversation.waitsForNetwork" : isHeldUp ? "conversation.waitsForServer" : "conversation.sending")}
        </p>
      )}
    </article>
  );
}
