/** What is known of a ticket, changed where it stands. */
import type { Ticket, TicketPriority, TicketState } from "@rapport/client";
import { Link } from "@tanstack/react-router";
import { MessagesSquare, X } from "lucide-react";
import { useTranslation } from "react-i18next";
import { PaneHeader } from "@/app/Panes";
import { CustomerView, Fact } from "@/customers/CustomerView";
import { useSay } from "@/errors/useSay";
import { Ago } from "@/live/Ago";
import { useDesk } from "@/live/desk";
import { useTicket } from "@/live/hooks";
import { useAssignable, useDepartments } from "@/live/staff";
import { Avatar, IconButton, Select, SkeletonRows } from "@/ui";
import { PriorityIcon } from "./StateBadge";
import { SubjectField } from "./SubjectField";
import { TagsField } from "./TagsField";
import { type TicketChange, useUpdateTicket } from "./useUpdateTicket";
import { PRIORITIES, statesFrom } from "./words";

const NOBODY = "nobody";

export function TicketDetails({ ticketId, onClose }: { readonly ticketId: string; readonly onClose: () => void }) {
  const { t } = useTranslation();
  const { ticket, error } = useTicket(ticketId);
  return (
    <>
      <PaneHeader title={<span className="text-ink-2">{t("tickets.details")}</span>} onBack={onClose}>
        <IconButton label={t("ui.close")} className="max-md:hidden xl:hidden" onClick={onClose}>
          <X />
        </IconButton>
      </PaneHeader>
      {ticket ? (
        <div className="flex min-h-0 flex-1 flex-col overflow-y-auto">
          <Fields ticket={ticket} />
          {ticket.requester && (
            <div className="border-t">
              <CustomerView visitorId={ticket.requester.visitorId} known={ticket.requester} />
            </div>
          )}
        </div>
      ) : (
        !error && <SkeletonRows rows={3} label={t("ui.loading")} />
      )}
    </>
  );
}

function Fields({ ticket }: { readonly ticket: Ticket }) {
  const { t } = useTranslation();
  const { me, mayWork } = useDesk();
  const say = useSay();
  const members = useAssignable();
  const departments = useDepartments();
  const update = useUpdateTicket(ticket.ticketId);
  const { assignee, departmentId } = ticket;
  const change = (next: TicketChange) => update.mutate(next, { onError: (error) => say(error, () => change(next)) });
  const isFixed = !mayWork || ticket.state === "TICKET_STATE_CLOSED";
  const disabled = isFixed || update.isPending;
  // Somebody who can no longer be chosen may have it still.
  const others = members.some(({ memberId }) => memberId === assignee?.memberId) || !assignee ? members : [assignee, ...members];
  return (
    <div className="flex shrink-0 flex-col px-4 py-3 text-sm">
      <SubjectField ticket={ticket} isFixed={isFixed} />
      <Row label={t("tickets.stateLabel")}>
        <Select<TicketState>
          {...PLAIN}
          label={t("tickets.stateLabel")}
          value={ticket.state}
          disabled={disabled}
          onChange={(state) => change({ state })}
          choices={statesFrom(ticket.state).map((value) => ({ value, label: t(`tickets.state.${value}`) }))}
        />
      </Row>
      <Row label={t("tickets.priorityLabel")}>
        <Select<TicketPriority>
          {...PLAIN}
          label={t("tickets.priorityLabel")}
          value={ticket.priority}
          disabled={disabled}
          onChange={(priority) => change({ priority })}
          choices={PRIORITIES.map((value) => ({
            value,
            label: t(`tickets.priority.${value}`),
            icon: <PriorityIcon priority={value} />,
          }))}
        />
      </Row>
      <Row label={t("tickets.assignee")}>
        <Select
          {...PLAIN}
          label={t("tickets.assignee")}
          value={assignee?.memberId ?? NOBODY}
          disabled={disabled}
          onChange={(value) => change({ assigneeId: value === NOBODY ? "" : value })}
          choices={[
            { value: NOBODY, label: t("tickets.nobody") },
            ...others.map(({ memberId, name }) => ({
              value: memberId,
              label: memberId === me.memberId ? t("tickets.me", { name }) : name,
              icon: <Avatar name={name} id={memberId} size="xs" />,
            })),
          ]}
        />
      </Row>
      {departments.length > 0 && (
        <Row label={t("inbox.department")}>
          <Select
            {...PLAIN}
            label={t("inbox.department")}
            value={departmentId || NOBODY}
            disabled={disabled}
            onChange={(value) => change({ departmentId: value === NOBODY ? "" : value })}
            choices={[
              { value: NOBODY, label: t("tickets.noDepartment") },
              ...departments.map(({ departmentId: value, name }) => ({ value, label: name })),
            ]}
          />
        </Row>
      )}
      <TagsField ticket={ticket} isFixed={isFixed} />
      <dl className="flex flex-col">
        <Fact label={t("tickets.created")}>
          <Ago at={ticket.createdAt ?? ""} />
        </Fact>
        {ticket.chatId && (
          <Fact label={t("tickets.chat")}>
            <Link
              to="/inbox/$chatId"
              params={{ chatId: ticket.chatId }}
              preload={false}
              className="inline-flex items-center gap-1.5 text-accent-ink hover:underline"
            >
              <MessagesSquare aria-hidden="true" className="size-4" />
              {t("tickets.openChat")}
            </Link>
          </Fact>
        )}
      </dl>
    </div>
  );
}

/** A choice that looks like what it says until it is pointed at. */
const PLAIN = { size: "sm", look: "plain" } as const;

function Row({ label, children }: { readonly label: string; readonly children: React.ReactNode }) {
  return (
    <div className="flex min-h-9 items-center gap-1 md:min-h-8">
      <span aria-hidden="true" className="w-24 shrink-0 truncate text-ink-3">
        {label}
      </span>
      <div className="min-w-0 flex-1">{children}</div>
    </div>
  );
}
