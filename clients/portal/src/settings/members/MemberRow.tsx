/** One member in the list. */
import type { Member } from "@rapport/client";
import { Pencil } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useStatus } from "@/agents/presence";
import { roleOf } from "@/agents/status";
import { useSelf } from "@/session/session";
import { Avatar, Badge, IconButton } from "@/ui";

export interface MemberRowProps {
  readonly member: Member;
  readonly onChange: (() => void) | undefined;
}

export function MemberRow({ member, onChange }: MemberRowProps) {
  const { t } = useTranslation();
  const self = useSelf().member;
  const status = useStatus(member.memberId);
  const role = roleOf(member.role);
  return (
    <li className="flex min-h-14 items-center gap-3 border-b py-2">
      <Avatar name={member.name} id={member.memberId} status={status} />
      <span className="min-w-0 flex-1">
        <span className="flex gap-1 text-base font-medium">
          <span className="truncate">{member.name}</span>
          {member.memberId === self.memberId && <span className="shrink-0 font-normal text-ink-3">({t("agents.you")})</span>}
        </span>
        <span className="block truncate text-sm text-ink-3">{member.email}</span>
      </span>
      {member.state === "MEMBER_STATE_SUSPENDED" && <Badge tone="warn">{t("settings.members.suspended")}</Badge>}
      <Badge tone={role === "owner" ? "accent" : "neutral"}>{t(`roles.${role}`)}</Badge>
      {onChange && (
        <IconButton label={t("settings.members.change", { name: member.name })} onClick={onChange}>
          <Pencil />
        </IconButton>
      )}
    </li>
  );
}
