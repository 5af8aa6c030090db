/** Tickets: which there are, the one that is open, and what is known of it. */
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ListFilter, Plus, TicketCheck } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Behind, Later, later } from "@/app/later";
import { PaneHeader, Panes } from "@/app/Panes";
import { useTitle } from "@/app/useTitle";
import { useCommands } from "@/commands/registry";
import { useDesk } from "@/live/desk";
import { EmptyState, IconButton, SkeletonRows, Tabs } from "@/ui";
import { type TicketsSearch, VIEWS } from "./search";
import { TicketList } from "./TicketList";
import { TicketView } from "./TicketView";

const NewTicketDialog = later(async () => (await import("./NewTicketDialog")).NewTicketDialog);
const TicketDetails = later(async () => (await import("./TicketDetails")).TicketDetails);
const TicketFilters = later(async () => (await import("./TicketFilters")).TicketFilters);

export function TicketsPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { mayWork } = useDesk();
  const { ticketId } = useParams({ strict: false });
  const search = useSearch({ from: "/frame/tickets" });
  const [isNew, setNew] = useState(false);
  useTitle(t("nav.tickets"));
  const commands = useMemo(
    () =>
      mayWork ? [{ id: "ticket.new", label: t("tickets.new"), group: t("nav.tickets"), keys: "n", run: () => setNew(true) }] : [],
    [t, mayWork],
  );
  useCommands(commands);
  const showDetails = (details: boolean) =>
    void navigate({ to: ".", search: (now: TicketsSearch) => ({ ...now, details: details || undefined }), replace: true });
  return (
    <>
      <Panes
        active={!ticketId ? "list" : search.details ? "aside" : "main"}
        of={ticketId}
        list={
          <>
            <PaneHeader title={t("nav.tickets")}>
              <Behind
                button={(open) => (
                  <IconButton label={t("inbox.filter")} onClick={open}>
                    <ListFilter />
                  </IconButton>
                )}
                part={(isWanted) => <TicketFilters search={search} defaultOpen={isWanted} />}
              />
              {mayWork && (
                <IconButton label={t("tickets.new")} keys="n" onClick={() => setNew(true)}>
                  <Plus />
                </IconButton>
              )}
            </PaneHeader>
            <Tabs
              label={t("tickets.views")}
              value={search.view ?? "open"}
              onChange={(view) =>
                void navigate({ to: ".", search: (now: TicketsSearch) => ({ ...now, view, state: undefined }), replace: true })
              }
              tabs={VIEWS.map((view) => ({ value: view, label: t(`tickets.view.${view}`) }))}
            >
              <TicketList search={search} openId={ticketId} />
            </Tabs>
          </>
        }
        main={
          ticketId ? (
            <TicketView
              key={ticketId}
              ticketId={ticketId}
              onBack={() => void navigate({ to: "/tickets", search: (now) => ({ ...now, details: undefined }) })}
              onDetails={() => showDetails(!search.details)}
            />
          ) : (
            <EmptyState icon={<TicketCheck />} title={t("tickets.choose")} text={t("tickets.chooseText")} />
          )
        }
        aside={
          ticketId && (
            <Later fallback={<SkeletonRows rows={3} label={t("ui.loading")} />}>
              <TicketDetails key={ticketId} ticketId={ticketId} onClose={() => showDetails(false)} />
            </Later>
          )
        }
      />
      <Later>{isNew && <NewTicketDialog onClose={() => setNew(false)} />}</Later>
    </>
  );
}
