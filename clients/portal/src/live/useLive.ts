/** Holds the live connection open while somebody is signed in, and keeps what is known true by it. */
import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { client } from "@/app/client";
import { queryClient } from "@/app/query";
import { useMay, useSelf, useSession } from "@/session/session";
import { callMember } from "./calls";
import { world } from "./desk";
import { follow } from "./follow";
import { staffQuery } from "./staff";

export function useLive(): void {
  const { t } = useTranslation();
  const router = useRouter();
  const { status } = useSession();
  const { memberId } = useSelf().member;
  const mayWork = useMay("PERMISSION_CHATS_HANDLE");
  useEffect(() => {
    if (status !== "active") return;
    world.belongTo(memberId);
    return follow(client, world, queryClient, memberId);
  }, [status, memberId]);
  useEffect(() => {
    if (status !== "active" || !mayWork) return;
    const open = (chatId: string) => void router.navigate({ to: "/inbox/$chatId", params: { chatId } });
    return callMember({ client, world, memberId, t, open });
  }, [status, mayWork, memberId, t, router]);
  const { data: staff } = useQuery({ ...staffQuery, enabled: status === "active" });
  useEffect(() => {
    world.viewers = new Set(staff?.filter(({ role }) => role === "ROLE_VIEWER").map((member) => member.memberId));
  }, [staff]);
}
