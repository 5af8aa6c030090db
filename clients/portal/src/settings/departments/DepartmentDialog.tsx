/** Makes a department, or changes one: its name, its members, and whether customers may choose it. */
import type { Department, Member } from "@rapport/client";
import { uuid } from "@rapport/client";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { client } from "@/app/client";
import { queryClient } from "@/app/query";
import { Field, Input, Switch } from "@/ui";
import { FormDialog } from "../FormDialog";
import { departmentsQuery } from "../queries";
import { useEdit } from "../useEdit";
import { MemberPicker } from "./MemberPicker";

interface Values {
  readonly name: string;
  readonly memberIds: readonly string[];
  readonly offered: boolean;
}

export interface DepartmentDialogProps {
  /** Absent for a new one. */
  readonly department: Department | undefined;
  readonly members: readonly Member[];
  readonly onClose: () => void;
}

export function DepartmentDialog({ department, members, onClose }: DepartmentDialogProps) {
  const { t } = useTranslation();
  const requestIds = useMemo(() => new Map<string, string>(), []);
  const stored: Values = {
    name: department?.name ?? "",
    memberIds: department?.memberIds ?? [],
    offered: department?.offered ?? true,
  };
  const edit = useEdit(stored, async (_, values) => {
    if (department) await change(department, values);
    else await make(values, requestIds);
    onClose();
    await queryClient.invalidateQueries({ queryKey: departmentsQuery.queryKey });
  });
  const { values, set } = edit;
  const title = department ? t("settings.departments.change", { name: department.name }) : t("settings.departments.add");
  return (
    <FormDialog
      open
      onClose={onClose}
      title={title}
      submitLabel={department ? t("ui.save") : t("settings.departments.add")}
      busy={edit.isSaving}
      disabled={!edit.isChanged}
      failure={edit.failure}
      onSubmit={edit.save}
    >
      <Field label={t("settings.departments.name")} error={edit.failure?.fields.name}>
        <Input value={values.name} onChange={(event) => set({ name: event.target.value })} required maxLength={100} />
      </Field>
      <Switch
        label={t("settings.departments.offered")}
        hint={t("settings.departments.offeredHint")}
        checked={values.offered}
        onChange={(offered) => set({ offered })}
      />
      <MemberPicker members={members} chosen={values.memberIds} onChange={(memberIds) => set({ memberIds })} />
    </FormDialog>
  );
}

/** One id for one content: asking again after a lost answer makes no second department. */
async function make({ name, memberIds, offered }: Values, requestIds: Map<string, string>): Promise<void> {
  const content = JSON.stringify([name, memberIds]);
  const requestId = requestIds.get(content) ?? uuid();
  requestIds.set(content, requestId);
  const { department } = await client.tenants.createDepartment({ name, memberIds: [...memberIds], requestId });
  if (department && !offered) await client.tenants.updateDepartment({ departmentId: department.departmentId, offered });
}

async function change(department: Department, { name, memberIds, offered }: Values): Promise<void> {
  await client.tenants.updateDepartment({
    departmentId: department.departmentId,
    name,
    offered,
    addMemberIds: memberIds.filter((id) => !department.memberIds.includes(id)),
    removeMemberIds: department.memberIds.filter((id) => !memberIds.includes(id)),
    ifRevision: department.revision,
  });
}
