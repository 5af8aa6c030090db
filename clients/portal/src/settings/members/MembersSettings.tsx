/** Everybody of the workspace: what they may do, and whether they may sign in. */
import type { Member } from "@rapport/client";
import { useQuery } from "@tanstack/react-query";
import { Plus, Search, SearchX } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { match } from "@/commands/rank";
import { useMay } from "@/session/session";
import { Button, EmptyState, Input } from "@/ui";
import { membersQuery } from "../queries";
import { Read } from "../Read";
import { AddMember } from "./AddMember";
import { ChangeMember } from "./ChangeMember";
import { MemberRow } from "./MemberRow";

export default function MembersSettings() {
  const query = useQuery(membersQuery);
  return <Read query={query}>{(members) => <Members members={members} />}</Read>;
}

function Members({ members }: { readonly members: readonly Member[] }) {
  const { t } = useTranslation();
  const mayManage = useMay("PERMISSION_MEMBERS_MANAGE");
  const [wanted, setWanted] = useState("");
  const [adding, setAdding] = useState(false);
  const [changing, setChanging] = useState<string>();
  const shown = members.filter(({ name, email }) => match(wanted, `${name} ${email}`) > 1 || !wanted.trim());
  const changed = members.find(({ memberId }) => memberId === changing);
  return (
    <div className="max-w-4xl p-4 md:p-6">
      <div className="mb-3 flex gap-2">
        <div className="min-w-0 flex-1 md:max-w-72">
          <Input
            type="search"
            icon={<Search />}
            aria-label={t("settings.members.search")}
            placeholder={t("settings.members.search")}
            value={wanted}
            onChange={(event) => setWanted(event.target.value)}
          />
        </div>
        {mayManage && (
          <Button look="primary" icon={<Plus />} className="ml-auto h-9 md:h-8" onClick={() => setAdding(true)}>
            {t("settings.members.add")}
          </Button>
        )}
      </div>
      {shown.length > 0 ? (
        <ul className="border-t">
          {shown.map((member) => (
            <MemberRow
              key={member.memberId}
              member={member}
              onChange={mayManage ? () => setChanging(member.memberId) : undefined}
            />
          ))}
        </ul>
      ) : (
        <EmptyState icon={<SearchX />} title={t("settings.members.none", { query: wanted })} />
      )}
      <AddMember open={adding} onClose={() => setAdding(false)} />
      {changed && <ChangeMember key={changed.memberId} member={changed} onClose={() => setChanging(undefined)} />}
    </div>
  );
}
