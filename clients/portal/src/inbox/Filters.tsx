/** Narrows the inbox to a department and to whoever answers. */
import { useNavigate } from "@tanstack/react-router";
import { ListFilter } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useAssignable, useDepartments } from "@/live/staff";
import { Button, Field, IconButton, Popover, Select } from "@/ui";
import type { InboxSearch } from "./search";

const ANY = "any";

export interface FiltersProps {
  readonly search: InboxSearch;
  readonly defaultOpen: boolean;
}

export function Filters({ search, defaultOpen }: FiltersProps) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const departments = useDepartments();
  const members = useAssignable();
  const { section = "waiting", department, assignee } = search;
  const hasAssignee = section === "active" || section === "closed";
  const isFiltered = Boolean(department || (hasAssignee && assignee));
  const set = (change: InboxSearch) =>
    void navigate({ to: ".", search: (now: InboxSearch) => ({ ...now, ...change }), replace: true });
  const anybody = { value: ANY, label: t("inbox.anybody") };
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
        <Field label={t("inbox.department")}>
          <Select
            value={department ?? ANY}
            onChange={(value) => set({ department: value === ANY ? undefined : value })}
            choices={[{ value: ANY, label: t("inbox.anyDepartment") }, ...departments.map(toChoice)]}
          />
        </Field>
        {hasAssignee && (
          <Field label={t("inbox.assignee")}>
            <Select
              value={assignee ?? ANY}
              onChange={(value) => set({ assignee: value === ANY ? undefined : value })}
              choices={[anybody, ...members.map(({ memberId, name }) => ({ value: memberId, label: name }))]}
            />
          </Field>
        )}
        {isFiltered && (
          <Button look="ghost" onClick={() => set({ department: undefined, assignee: undefined })}>
            {t("inbox.clearFilter")}
          </Button>
        )}
      </div>
    </Popover>
  );
}

function toChoice({ departmentId, name }: { readonly departmentId: string; readonly name: string }) {
  return { value: departmentId, label: name };
}
