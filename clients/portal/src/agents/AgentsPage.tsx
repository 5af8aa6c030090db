/** Who is here and how much each has to do, and who is not. */
import { useQuery } from "@tanstack/react-query";
import { Users } from "lucide-react";
import { useCallback, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { client } from "@/app/client";
import { PaneHeader, Panes } from "@/app/Panes";
import { queryClient } from "@/app/query";
import { useTitle } from "@/app/useTitle";
import { ErrorState } from "@/errors/ErrorState";
import { departmentsQuery, membersQuery } from "@/settings/queries";
import { EmptyState, SkeletonRows } from "@/ui";
import { AgentTable } from "./AgentTable";
import { onlineQuery } from "./online";
import { usePeople } from "./presence";
import { whoIsHere } from "./whoIsHere";

/** Events after which somebody has more or less to do. */
const BURDEN = ["chatUpdated", "ticketUpdated"] as const;
/** As often the list is read again while much happens. */
const PACE_MS = 1000;

export function AgentsPage() {
  const { t } = useTranslation();
  useTitle(t("agents.title"));
  const { data, error, refetch } = useQuery(onlineQuery);
  const people = usePeople();
  const departments = useQuery(departmentsQuery).data ?? [];
  const members = useQuery(membersQuery).data ?? [];
  useFreshWorkload();
  const agents = data && whoIsHere(data, people);
  const here = new Set(agents?.map(({ presence }) => presence?.memberId));
  const absent = members.filter(({ memberId, state }) => state === "MEMBER_STATE_ACTIVE" && !here.has(memberId));
  return (
    <Panes
      active="list"
      main={
        <>
          <PaneHeader title={t("agents.title")} subtitle={agents && t("agents.online", { count: agents.length })} />
          <div className="min-h-0 flex-1 overflow-y-auto">
            {agents ? (
              agents.length + absent.length > 0 ? (
                <AgentTable agents={agents} absent={absent} departments={departments} />
              ) : (
                <EmptyState icon={<Users />} title={t("agents.nobody")} text={t("agents.nobodyText")} />
              )
            ) : error ? (
              <ErrorState error={error} onRetry={() => void refetch()} />
            ) : (
              <SkeletonRows label={t("ui.loading")} />
            )}
          </div>
        </>
      }
    />
  );
}

/** Reads the list anew where somebody comes, goes, or has more or less to do. */
function useFreshWorkload(): void {
  const people = usePeople();
  const soon = usePaced(() => void queryClient.invalidateQueries({ queryKey: onlineQuery.queryKey }));
  useEffect(() => {
    const ends = BURDEN.map((kind) => client.live.on(kind, soon));
    return () => {
      for (const end of ends) end();
    };
  }, [soon]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is their change that counts
  useEffect(soon, [people, soon]);
}

/** Does it a while after it is first asked for, once for all that ask meanwhile. */
function usePaced(run: () => void): () => void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const now = useRef(run);
  now.current = run;
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(() => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      now.current();
    }, PACE_MS);
  }, []);
}
