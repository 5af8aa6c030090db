/** The parts of the workspace: who hears which chats. */
import type { Department, Member } from "@rapport/client";
import { useQuery } from "@tanstack/react-query";
import { Network, Pencil, Plus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useMay } from "@/session/session";
import { Avatar, Badge, Button, EmptyState, IconButton } from "@/ui";
import { departmentsQuery, membersQuery } from "../queries";
import { Read } from "../Read";
import { DepartmentDialog } from "./DepartmentDialog";

export default function DepartmentsSettings() {
  const departments = useQuery(departmentsQuery);
  const members = useQuery(membersQuery);
  return (
    <Read query={departments}>
      {(all) => <Read query={members}>{(people) => <Departments departments={all} members={people} />}</Read>}
    </Read>
  );
}

/** Which dialog is open: none, for a new one, or for the one of this id. */
type Open = { readonly of: "none" | "new" } | { readonly of: "known"; readonly id: string };

function Departments({
  departments,
  members,
}: {
  readonly departments: readonly Department[];
  readonly members: readonly Member[];
}) {
  const { t } = useTranslation();
  const mayManage = useMay("PERMISSION_DEPARTMENTS_MANAGE");
  const [open, setOpen] = useState<Open>({ of: "none" });
  const known = open.of === "known" ? departments.find(({ departmentId }) => departmentId === open.id) : undefined;
  const close = () => setOpen({ of: "none" });
  const add = (
    <Button look="primary" icon={<Plus />} onClick={() => setOpen({ of: "new" })}>
      {t("settings.departments.add")}
    </Button>
  );
  return (
    <div className="max-w-4xl p-4 md:p-6">
      <div className="mb-4 flex flex-col items-start gap-3 md:flex-row md:gap-4">
        <p className="min-w-0 flex-1 text-base text-ink-2">{t("settings.departments.text")}</p>
        {mayManage && departments.length > 0 && add}
      </div>
      {departments.length > 0 ? (
        <ul className="border-t">
          {departments.map((department) => (
            <Row
              key={department.departmentId}
              department={department}
              members={members}
              onChange={mayManage ? () => setOpen({ of: "known", id: department.departmentId }) : undefined}
            />
          ))}
        </ul>
      ) : (
        <EmptyState
          icon={<Network />}
          title={t("settings.departments.none")}
          text={t("settings.departments.noneText")}
          action={mayManage && add}
        />
      )}
      {(open.of === "new" || known) && (
        <DepartmentDialog key={known?.departmentId ?? "new"} department={known} members={members} onClose={close} />
      )}
    </div>
  );
}

const FACES = 5;

interface RowProps {
  readonly department: Department;
  readonly members: readonly Member[];
  readonly onChange: (() => void) | undefined;
}

function Row({ department, members, onChange }: RowProps) {
  const { t } = useTranslation();
  const people = members.filter(({ memberId }) => department.memberIds.includes(memberId));
  return (
    <li className="flex min-h-14 items-center gap-3 border-b py-2">
      <span className="min-w-0 flex-1">
        <span className="block truncate text-base font-medium">{department.name}</span>
        <span className="block text-sm text-ink-3">
          {t("settings.departments.members", { count: department.memberIds.length })}
        </span>
      </span>
      {!department.offered && <Badge>{t("settings.departments.hidden")}</Badge>}
      <span className="hidden -space-x-1 md:flex">
        {people.slice(0, FACES).map(({ memberId, name }) => (
          <span key={memberId} className="rounded-full ring-2 ring-surface">
            <Avatar name={name} id={memberId} size="sm" />
          </span>
        ))}
      </span>
      {onChange && (
        <IconButton label={t("settings.departments.change", { name: department.name })} onClick={onChange}>
          <Pencil />
        </IconButton>
      )}
    </li>
  );
}
