/** A new password. The other sessions of the member end; this one goes on. */
import { useTranslation } from "react-i18next";
import { client } from "@/app/client";
import { PasswordInput } from "@/session/PasswordInput";
import { useMay, useSelf } from "@/session/session";
import { EditForm } from "@/settings/EditForm";
import { useEdit } from "@/settings/useEdit";
import { Field } from "@/ui";

const NOTHING = { currentPassword: "", newPassword: "" };

export function PasswordForm() {
  const { t } = useTranslation();
  const { email } = useSelf().member;
  const edit = useEdit(
    NOTHING,
    (_, { currentPassword, newPassword }) => client.auth.changePassword({ currentPassword, newPassword }),
    t("profile.passwordChanged"),
  );
  const { values, set, failure } = edit;
  return (
    <EditForm edit={edit} mayChange={useMay("PERMISSION_PROFILE_MANAGE")} submitLabel={t("profile.changePassword")}>
      {/* So that password managers know whose it is. */}
      <input type="email" name="username" autoComplete="username" value={email} readOnly hidden />
      <Field label={t("profile.currentPassword")} error={failure?.fields.currentPassword}>
        <PasswordInput
          value={values.currentPassword}
          onChange={(currentPassword) => set({ currentPassword })}
          autoComplete="current-password"
        />
      </Field>
      <Field label={t("profile.newPassword")} hint={t("settings.members.passwordHint")} error={failure?.fields.newPassword}>
        <PasswordInput value={values.newPassword} onChange={(newPassword) => set({ newPassword })} autoComplete="new-password" />
      </Field>
    </EditForm>
  );
}
