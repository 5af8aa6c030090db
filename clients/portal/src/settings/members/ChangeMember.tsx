/** Changes what a member may do, whether they may sign in, their names, and gives them a new password. */
import type { Member } from "@rapport/client";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type RoleName, roleOf, roleWord } from "@/agents/status";
import { client } from "@/app/client";
import { queryClient } from "@/app/query";
import { PasswordInput } from "@/session/PasswordInput";
import { useSelf } from "@/session/session";
import { Field, Input, Notice, Switch } from "@/ui";
import { FormDialog } from "../FormDialog";
import { membersQuery } from "../queries";
import { useEdit } from "../useEdit";

import { RoleSelect } from "./RoleSelect";

interface Values {
  readonly name: string;
  /** Empty for the name itself. */
  readonly publicName: string;
  readonly role: RoleName;
  readonly active: boolean;
  readonly password: string;
}

export function ChangeMember({ member, onClose }: { readonly member: Member; readonly onClose: () => void }) {
  const { t } = useTranslation();
  const self = useSelf().member;
  const [renewing, setRenewing] = useState(false);
  const stored: Values = {
    name: member.name,
    publicName: member.publicName === member.name ? "" : member.publicName,
    role: roleOf(member.role),
    active: member.state === "MEMBER_STATE_ACTIVE",
    password: "",
  };
  const edit = useEdit(
    stored,
    async ({ name, publicName, role, active, password }) => {
      await client.tenants.updateMember({
        memberId: member.memberId,
        ...(name === undefined ? {} : { name }),
        ...(publicName === undefined ? {} : { publicName }),
        ...(role === undefined ? {} : { role: roleWord(role) }),
        ...(active === undefined ? {} : { state: active ? "MEMBER_STATE_ACTIVE" : "MEMBER_STATE_SUSPENDED" }),
        ...(password ? { password } : {}),
        ifRevision: member.revision,
      });
      onClose();
      await queryClient.invalidateQueries({ queryKey: membersQuery.queryKey });
    },
    t("settings.members.changed", { name: member.name }),
  );
  const { values, set, changes } = edit;
  const fields = edit.failure?.fields ?? {};
  const isSelf = self.memberId === member.memberId;
  const ends = !isSelf && (changes.role !== undefined || changes.active !== undefined || changes.password !== undefined);
  // Only an owner may touch an owner.
  const fixed = stored.role === "owner" && roleOf(self.role) !== "owner";
  return (
    <FormDialog
      open
      onClose={onClose}
      title={t("settings.members.change", { name: member.name })}
      description={member.email}
      submitLabel={t("ui.save")}
      busy={edit.isSaving}
      disabled={!edit.isChanged || fixed}
      failure={edit.failure}
      onSubmit={edit.save}
    >
      {fixed && <Notice>{t("errors.OWNER_ONLY")}</Notice>}
      <fieldset disabled={fixed} className="flex min-w-0 flex-col gap-4">
        <Field label={t("settings.members.name")} hint={t("settings.members.nameHint")} error={fields.name}>
          <Input value={values.name} onChange={(event) => set({ name: event.target.value })} required maxLength={100} />
        </Field>
        <Field label={t("profile.publicName")} hint={t("settings.members.publicNameHint")} error={fields.publicName}>
          <Input
            value={values.publicName}
            onChange={(event) => set({ publicName: event.target.value })}
            placeholder={values.name}
            maxLength={100}
            autoComplete="off"
          />
        </Field>
        <RoleSelect value={values.role} onChange={(role) => set({ role })} error={fields.role} disabled={fixed} />
        <Switch
          label={t("settings.members.active")}
          hint={t("settings.members.activeHint")}
          checked={values.active}
          onChange={(active) => set({ active })}
          disabled={fixed || isSelf}
        />
        {renewing || fixed ? (
          !fixed && (
            <Field label={t("settings.members.newPassword")} hint={t("settings.members.passwordHint")} error={fields.password}>
              <PasswordInput
                value={values.password}
                onChange={(password) => set({ password })}
                autoComplete="new-password"
                optional
                autoFocus
              />
            </Field>
          )
        ) : (
          <button
            type="button"
            className="self-start text-sm font-medium text-accent-ink underline-offset-2 hover:underline"
            onClick={() => setRenewing(true)}
          >
            {t("settings.members.renew")}
          </button>
        )}
      </fieldset>
      {ends && <Notice tone="warn">{t("settings.members.ends", { name: member.name })}</Notice>}
    </FormDialog>
  );
}
