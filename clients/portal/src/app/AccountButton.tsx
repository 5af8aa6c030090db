/** The member's own face, with how they are shown. */
import type { ButtonHTMLAttributes, Ref } from "react";
import { useTranslation } from "react-i18next";
import { useOwnStatus } from "@/agents/presence";
import { useSelf } from "@/session/session";
import { Avatar } from "@/ui";

export interface AccountButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly ref?: Ref<HTMLButtonElement> | undefined;
}

export function AccountButton(props: AccountButtonProps) {
  const { t } = useTranslation();
  const { member } = useSelf();
  const { status } = useOwnStatus();
  return (
    <button
      type="button"
      aria-label={t("account.label", { name: member.name, status: t(`status.${status}`) })}
      className="grid size-11 place-items-center rounded-lg hover:bg-hover data-[state=open]:bg-hover md:size-10"
      {...props}
    >
      <Avatar name={member.name} id={member.memberId} status={status} />
    </button>
  );
}
