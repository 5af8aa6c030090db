/** Members to tick, found by name. */
import type { Member } from "@rapport/client";
import { Search } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { roleOf } from "@/agents/status";
import { match } from "@/commands/rank";
import { Avatar, Input } from "@/ui";

export interface MemberPickerProps {
  readonly members: readonly Member[];
  readonly chosen: readonly string[];
  readonly onChange: (chosen: readonly string[]) => void;
}

/** From here on a field to find them pays. */
const MANY = 8;

export function MemberPicker({ members, chosen, onChange }: MemberPickerProps) {
  const { t } = useTranslation();
  const [wanted, setWanted] = useState("");
  const shown = members.filter(({ name, email }) => !wanted.trim() || match(wanted, `${name} ${email}`) > 1);
  const tick = (id: string, on: boolean) => onChange(on ? [...chosen, id].sort() : chosen.filter((each) => each !== id));
  return (
    <fieldset className="flex min-w-0 flex-col gap-1.5">
      <legend className="mb-1.5 text-sm font-medium">{t("settings.departments.people", { count: chosen.length })}</legend>
      {members.length > MANY && (
        <Input
          type="search"
          icon={<Search />}
          aria-label={t("settings.members.search")}
          placeholder={t("settings.members.search")}
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
      )}
      <div className="max-h-64 overflow-y-auto rounded-md border">
        {shown.map(({ memberId, name, role }) => (
          <label
            key={memberId}
            className="flex min-h-10 cursor-pointer items-center gap-3 border-b px-3 py-1 last:border-b-0 hover:bg-hover"
          >
            <input
              type="checkbox"
              checked={chosen.includes(memberId)}
              onChange={(event) => tick(memberId, event.target.checked)}
              className="size-4 accent-accent"
            />
            <Avatar name={name} id={memberId} size="sm" />
            <span className="min-w-0 flex-1 truncate text-base">{name}</span>
            <span className="text-sm text-ink-3">{t(`roles.${roleOf(role)}`)}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
