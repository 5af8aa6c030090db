/** The tickets of a view. */
import { useNavigate } from "@tanstack/react-router";
import { TicketCheck } from "lucide-react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { Ago } from "@/live/Ago";
import { useDesk } from "@/live/desk";
import { useKnownTicket, useTicketList } from "@/live/hooks";
import { customerName } from "@/live/names";
import { type RowState, VirtualRows } from "@/live/VirtualRows";
import { Avatar, cx, EmptyState } from "@/ui";
import { PriorityIcon, StateBadge } from "./StateBadge";
import { filterOf, type TicketsSearch } from "./search";

const ROW_HEIGHT = 68;

export function TicketList({ search, openId }: { readonly search: TicketsSearch; readonly openId: string | undefined }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { memberId } = useDesk().me;
  const list = useTicketList(filterOf(search, memberId));
  const { view = "open", state, priority, assignee } = search;
  const none = state || priority || assignee ? "filtered" : view;
  return (
    <VirtualRows
      key={view}
      list={list}
      label={t(`tickets.view.${view}`)}
      height={ROW_HEIGHT}
      openId={openId}
      nothing={<EmptyState icon={<TicketCheck />} title={t(`tickets.none.${none}`)} text={t(`tickets.none.${none}Text`)} />}
      place="tickets"
      onOpen={(ticketId) =>
        void navigate({ to: "/tickets/$ticketId", params: { ticketId }, search: (now) => ({ ...now, details: undefined }) })
      }
      row={(ticketId, rowState) => <TicketRow ticketId={ticketId} {...rowState} />}
    />
  );
}

const TicketRow = memo(function TicketRow({ ticketId, href, isOpen, isMarked }: RowState & { readonly ticketId: string }) {
  const { t } = useTranslation();
  const ticket = useKnownTicket(ticketId);
  if (!ticket) return null;
  const { assignee } = ticket;
  return (
    <a
      href={href}
      data-row={ticketId}
      aria-current={isOpen ? "true" : undefined}
      className={cx(
        "flex h-full flex-col justify-center gap-1 border-b px-4 -outline-offset-2",
        isOpen ? "bg-selected" : isMarked ? "bg-hover" : "hover:bg-hover",
      )}
    >
      <span className="flex items-center gap-2">
        <PriorityIcon priority={ticket.priority} />
        <span className="sr-only">{t(`tickets.priority.${ticket.priority}`)}</span>
        <span className="min-w-0 flex-1 truncate text-base font-medium">{ticket.subject}</span>
        <Ago at={ticket.updatedAt ?? ""} className="shrink-0 text-xs text-ink-3" />
      </span>
      <span className="flex items-center gap-2 text-sm text-ink-3">
        <span className="shrink-0">#{ticket.number}</span>
        <span className="min-w-0 flex-1 truncate">{customerName(t, ticket.requester)}</span>
        <StateBadge state={ticket.state} />
        {assignee && (
          <span title={assignee.name}>
            <span className="sr-only">{t("inbox.with", { name: assignee.name })}</span>
            <Avatar name={assignee.name} id={assignee.memberId} size="xs" />
          </span>
        )}
      </span>
    </a>
  );
});
