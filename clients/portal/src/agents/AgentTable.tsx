/** Members who are here: how they are shown, since when, and what they have to do; then those who are not. A phone shows less of each. */
import type { Department, Member, OnlineAgent } from "@rapport/client";
import { useTranslation } from "react-i18next";
import { useSelf } from "@/session/session";
import { Avatar, Badge, StatusDot } from "@/ui";
import { usePeople } from "./presence";
import { roleOf, statusOf } from "./status";

export interface AgentTableProps {
  readonly agents: readonly OnlineAgent[];
  readonly absent: readonly Member[];
  readonly departments: readonly Department[];
}

const WIDE = "hidden md:table-cell";
const WIDER = "hidden xl:table-cell";

export function AgentTable({ agents, absent, departments }: AgentTableProps) {
  const { t } = useTranslation();
  const names = new Map(departments.map(({ departmentId, name }) => [departmentId, name]));
  return (
    <table className="w-full max-w-5xl text-left text-sm">
      <thead className="sticky top-0 z-10 bg-surface text-xs text-ink-3">
        <tr className="[&>th]:h-9 [&>th]:border-b [&>th]:px-4 [&>th]:font-medium">
          <th scope="col">{t("agents.member")}</th>
          <th scope="col" className={WIDE}>
            {t("agents.status")}
          </th>
          <th scope="col" className={WIDE}>
            {t("agents.since")}
          </th>
          <th scope="col" className={WIDER}>
            {t("agents.departments")}
          </th>
          <th scope="col" className="text-right">
            {t("agents.chats")}
          </th>
          <th scope="col" className="text-right">
            {t("agents.tickets")}
          </th>
        </tr>
      </thead>
      <tbody>
        {agents.map((agent) => (
          <AgentRow key={agent.presence?.memberId} agent={agent} departments={names} />
        ))}
        {absent.length > 0 && (
          <tr>
            <th scope="colgroup" colSpan={6} className="px-4 pt-5 pb-1 text-xs font-medium text-ink-3">
              {t("agents.others", { count: absent.length })}
            </th>
          </tr>
        )}
        {absent.map(({ memberId, name, role }) => (
          <tr key={memberId}>
            <td className="h-12 max-w-0 border-b px-4" colSpan={6}>
              <Person memberId={memberId} name={name} under={t(`roles.${roleOf(role)}`)} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function AgentRow({ agent, departments }: { readonly agent: OnlineAgent; readonly departments: ReadonlyMap<string, string> }) {
  const { t, i18n } = useTranslation();
  const people = usePeople();
  const { presence, workload, departmentIds } = agent;
  if (!presence) return null;
  const now = people.get(presence.memberId);
  const status = now?.status ?? statusOf(presence.status);
  const since = now?.since ?? presence.since;
  return (
    <tr className="hover:bg-hover [&>td]:h-12 [&>td]:border-b [&>td]:px-4">
      <td className="w-full max-w-0 md:w-1/3">
        <Person
          memberId={presence.memberId}
          name={presence.name}
          under={
            <>
              <span className="inline-flex items-center gap-1.5 md:hidden">
                <StatusDot status={status} />
                {t(`status.${status}`)}
              </span>
              <span className="hidden md:inline">{t(`roles.${roleOf(presence.role)}`)}</span>
            </>
          }
        />
      </td>
      <td className={WIDE}>
        <span className="inline-flex items-center gap-2 whitespace-nowrap">
          <StatusDot status={status} />
          {t(`status.${status}`)}
        </span>
      </td>
      <td className={`${WIDE} whitespace-nowrap text-ink-2`}>
        {since && new Date(since).toLocaleTimeString(i18n.language, { hour: "2-digit", minute: "2-digit" })}
      </td>
      <td className={WIDER}>
        <span className="flex flex-wrap gap-1">
          {departmentIds.map((id) => departments.has(id) && <Badge key={id}>{departments.get(id)}</Badge>)}
        </span>
      </td>
      <td className="text-right">{workload?.activeChats ?? "–"}</td>
      <td className="text-right">{workload?.openTickets ?? "–"}</td>
    </tr>
  );
}

interface PersonProps {
  readonly memberId: string;
  readonly name: string;
  readonly under: React.ReactNode;
}

function Person({ memberId, name, under }: PersonProps) {
  const { t } = useTranslation();
  const self = useSelf().member;
  return (
    <span className="flex items-center gap-3">
      <Avatar name={name} id={memberId} size="md" />
      <span className="min-w-0">
        <span className="flex gap-1 text-base font-medium text-ink">
          <span className="truncate">{name}</span>
          {memberId === self.memberId && <span className="shrink-0 font-normal text-ink-3">({t("agents.you")})</span>}
        </span>
        <span className="block truncate text-xs text-ink-3">{under}</span>
      </span>
    </span>
  );
}
