/** What a member may do. Only an owner can make an owner. */
import { useTranslation } from "react-i18next";
import { ROLES, type RoleName, roleOf } from "@/agents/status";
import { useSelf } from "@/session/session";
import { Field, Select } from "@/ui";

export interface RoleSelectProps {
  readonly value: RoleName;
  readonly onChange: (role: RoleName) => void;
  readonly error?: string | undefined;
  readonly disabled?: boolean | undefined;
}

export function RoleSelect({ value, onChange, error, disabled }: RoleSelectProps) {
  const { t } = useTranslation();
  const isOwner = roleOf(useSelf().member.role) === "owner";
  return (
    <Field label={t("settings.members.role")} error={error}>
      <Select
        value={value}
        onChange={onChange}
        disabled={disabled}
        choices={ROLES.map((role) => ({
          value: role,
          label: t(`roles.${role}`),
          hint: t(`roles.${role}Hint`),
          disabled: role === "owner" && !isOwner,
        }))}
      />
    </Field>
  );
}
