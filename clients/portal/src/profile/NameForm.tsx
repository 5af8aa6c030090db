/** The name colleagues and customers read. */
import { useTranslation } from "react-i18next";
import { roleOf } from "@/agents/status";
import { client } from "@/app/client";
import { queryClient } from "@/app/query";
import { selfQuery, useMay, useSelf } from "@/session/session";
import { EditForm } from "@/settings/EditForm";
import { useEdit } from "@/settings/useEdit";
import { Avatar, Field, Input } from "@/ui";

export function NameForm() {
  const { t } = useTranslation();
  const { member } = useSelf();
  const mayChange = useMay("PERMISSION_PROFILE_MANAGE");
  // Empty for the name itself.
  const publicName = member.publicName === member.name ? "" : member.publicName;
  const edit = useEdit({ name: member.name, publicName }, async (changes) => {
    await client.auth.updateSelf({ ...changes, ifRevision: member.revision });
    await queryClient.invalidateQueries({ queryKey: selfQuery.queryKey });
  });
  return (
    <EditForm edit={edit} mayChange={mayChange}>
      <div className="flex items-center gap-3">
        <Avatar name={edit.values.name} id={member.memberId} size="lg" />
        <div className="min-w-0">
          <p className="truncate text-base">{member.email}</p>
          <p className="text-sm text-ink-3">{t(`roles.${roleOf(member.role)}`)}</p>
        </div>
      </div>
      <Field label={t("profile.name")} hint={t("profile.nameHint")} error={edit.failure?.fields.name}>
        <Input
          value={edit.values.name}
          onChange={(event) => edit.set({ name: event.target.value })}
          required
          maxLength={100}
          autoComplete="name"
        />
      </Field>
      <Field label={t("profile.publicName")} hint={t("profile.publicNameHint")} error={edit.failure?.fields.publicName}>
        <Input
          value={edit.values.publicName}
          onChange={(event) => edit.set({ publicName: event.target.value })}
          placeholder={edit.values.name}
          maxLength={100}
          autoComplete="off"
        />
      </Field>
    </EditForm>
  );
}
