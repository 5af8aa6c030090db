/** Narrows the tickets to a state, a priority and whoever works on them. */
import type { TicketPriority } from "@rapport/client";
import { useNavigate } from "@tanstack/react-router";
import { ListFilter } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useAssignable } from "@/live/staff";
import { Button, Field, IconButton, Popover, Select } from "@/ui";
import { PriorityIcon } from "./StateBadge";
import type { TicketsSearch } from "./search";
import { PRIORITIES, STATES } from "./words";

const ANY = "any";

export interface TicketFiltersProps {
  readonly search: TicketsSearch;
  readonly defaultOpen: boolean;
}

export function TicketFilters({ search, defaultOpen }: TicketFiltersProps) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const members = useAssignable();
  const { view, state, priority, assignee } = search;
  const isFiltered = Boolean(state || priority || (view !== "mine" && assignee));
  const set = (change: TicketsSearch) =>
    void navigate({ to: ".", search: (now: TicketsSearch) => ({ ...now, ...change }), replace: true });
  return (
    <Popover
      label={t("inbox.filter")}
      defaultOpen={defaultOpen}
      className="w-72"
      trigger={
        <IconButton label={t("inbox.filter")} aria-pressed={isFiltered} className={isFiltered ? "text-accent-ink" : undefined}>
          <ListFilter />
        </IconButton>
      }
    >
      <div className="flex flex-col gap-3">
        <Field label={t("tickets.stateLabel")}>
          <Select
            value={state ?? ANY}
            onChange={(value) => set({ state: value === ANY ? undefined : (value as (typeof STATES)[number]) })}
            choices={[
              { value: ANY, label: t("tickets.any") },
              ...STATES.map((value) => ({ value, label: t(`tickets.state.${value}`) })),
            ]}
          />
        </Field>
        <Field label={t("tickets.priorityLabel")}>
          <Select
            value={priority ?? ANY}
            onChange={(value) => set({ priority: value === ANY ? undefined : (value as TicketPriority) })}
            choices={[
              { value: ANY, label: t("tickets.any") },
              ...PRIORITIES.map((value) => ({
                value,
                label: t(`tickets.priority.${value}`),
                icon: <PriorityIcon priority={value} />,
              })),
            ]}
          />
        </Field>
        {view !== "mine" && (
          <Field label={t("tickets.assignee")}>
            <Select
              value={assignee ?? ANY}
              onChange={(value) => set({ assignee: value === ANY ? undefined : value })}
              choices={[
                { value: ANY, label: t("inbox.anybody") },
                ...members.map(({ memberId, name }) => ({ value: memberId, label: name })),
              ]}
            />
          </Field>
        )}
        {isFiltered && (
          <Button look="ghost" onClick={() => set({ state: undefined, priority: undefined, assignee: undefined })}>
            {t("inbox.clearFilter")}
          </Button>
        )}
      </div>
    </Popover>
  );
}
