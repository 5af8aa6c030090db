/** One ticket: what was said about it, and where more is said. */
import { Info, TicketX } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { PaneHeader } from "@/app/Panes";
import { Composer } from "@/conversation/Composer";
import { draftKey } from "@/conversation/draft";
import { Pending } from "@/conversation/Pending";
import { Waiting } from "@/conversation/Waiting";
import { ErrorState } from "@/errors/ErrorState";
import { useDesk } from "@/live/desk";
import { useComments, useOutbox, useTicket } from "@/live/hooks";
import { customerName } from "@/live/names";
import { EmptyState, IconButton, Skeleton } from "@/ui";
import { CommentView } from "./CommentView";

/** Of a comment, in characters. */
const LONGEST = 10_000;

export interface TicketViewProps {
  readonly ticketId: string;
  readonly onBack: () => void;
  readonly onDetails: () => void;
}

export function TicketView({ ticketId, onBack, onDetails }: TicketViewProps) {
  const { t } = useTranslation();
  const { client, mayWork } = useDesk();
  const { ticket, error, retry } = useTicket(ticketId);
  // A mistyped address is no id at all.
  if (!ticket && (error?.reason === "NOT_FOUND" || error?.reason === "FIELD_INVALID"))
    return (
      <>
        <PaneHeader title={t("tickets.goneTitle")} onBack={onBack} />
        <EmptyState icon={<TicketX />} title={t("tickets.goneTitle")} text={t("tickets.gone")} />
      </>
    );
  if (!ticket)
    return (
      <>
        <PaneHeader title={error ? t("errors.title") : <Skeleton className="h-4 w-40" />} onBack={onBack} />
        {error ? <ErrorState error={error} onRetry={retry} /> : <Waiting />}
      </>
    );
  return (
    <>
      <PaneHeader title={ticket.subject} subtitle={`#${ticket.number} · ${customerName(t, ticket.requester)}`} onBack={onBack}>
        <IconButton label={t("tickets.details")} className="xl:hidden" onClick={onDetails}>
          <Info />
        </IconButton>
      </PaneHeader>
      <Comments ticketId={ticketId} />
      {!mayWork || ticket.state === "TICKET_STATE_CLOSED" ? (
        <p className="shrink-0 border-t px-4 py-3.5 text-center text-sm text-ink-3">
          {t(mayWork ? "tickets.isClosed" : "conversation.lookOnly")}
        </p>
      ) : (
        <footer className="shrink-0 border-t px-4 pt-3 pb-[max(0.75rem,env(safe-area-inset-bottom))]">
          <Composer
            draft={draftKey(ticketId)}
            longest={LONGEST}
            send={(text, internal, requestId) =>
              client.queue.add("tickets", "addComment", { ticketId, text, internal, requestId })
            }
          />
        </footer>
      )}
    </>
  );
}

function Comments({ ticketId }: { readonly ticketId: string }) {
  const { t } = useTranslation();
  const { thread, error, retry } = useComments(ticketId);
  const outbox = useOutbox(ticketId);
  const scroller = useRef<HTMLDivElement>(null);
  const wasAtEnd = useRef(true);
  const count = thread.items.length + outbox.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: where there is more
  useEffect(() => {
    if (wasAtEnd.current) scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
  }, [count]);
  if (!thread.isBegun && error) return <ErrorState error={error} onRetry={retry} />;
  if (!thread.isBegun) return <Waiting />;
  return (
    <div
      ref={scroller}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        wasAtEnd.current = scrollHeight - scrollTop - clientHeight < 80;
      }}
      role="log"
      aria-label={t("tickets.comments")}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keys, too
      tabIndex={0}
      className="min-h-0 flex-1 overflow-y-auto px-4 -outline-offset-2"
    >
      <ol className="flex flex-col divide-y divide-line">
        {thread.items.map((comment) => (
          <li key={comment.seq}>
            <CommentView comment={comment} />
          </li>
        ))}
      </ol>
      {outbox.map((entry) => {
        const { text, internal = false } = entry.request as { text: string; internal?: boolean };
        return <Pending key={entry.requestId} entry={entry} text={text} internal={internal} />;
      })}
    </div>
  );
}
