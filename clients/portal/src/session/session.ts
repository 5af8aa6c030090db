/** Who uses this page, and what they may do. */
import type { SessionState } from "@rapport/client";
import { queryOptions, useSuspenseQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { client } from "@/app/client";

export const selfQuery = queryOptions({
  queryKey: ["self"],
  queryFn: ({ signal }) => client.auth.getSelf({}, { signal }),
  staleTime: 5 * 60_000,
});

type Self = Awaited<ReturnType<typeof client.auth.getSelf>>;
export type Member = NonNullable<Self["member"]>;
export type Tenant = NonNullable<Self["tenant"]>;
export type Permission = Self["permissions"][number];

/** The signed-in member; only below the frame, which has read it. */
export function useSelf(): { member: Member; tenant: Tenant; permissions: readonly Permission[] } {
  const { member, tenant, permissions } = useSuspenseQuery(selfQuery).data;
  if (!member || !tenant) throw new Error("the session is not a member's");
  return { member, tenant, permissions };
}

/** Whether the signed-in member may do this. */
export function useMay(permission: Permission): boolean {
  return useSelf().permissions.includes(permission);
}

export function useSession(): SessionState {
  return useSyncExternalStore(
    (listener) => client.session.onChange(listener),
    () => client.session.state,
  );
}

const SIGNED_IN = "rapport-signed-in";

client.session.onChange(({ status }) => {
  if (status === "active") localStorage.setItem(SIGNED_IN, "yes");
  if (status === "over") localStorage.removeItem(SIGNED_IN);
});

/** Goes on with the session this browser has. One that has none is not asked about at the server. */
export async function resume(): Promise<boolean> {
  if (client.session.state.status === "active") return true;
  return localStorage.getItem(SIGNED_IN) !== null && client.session.restore();
}

const WORKSPACE = "rapport-workspace";

/** The workspace of the last sign-in of this browser. */
export function lastWorkspace(): string {
  return localStorage.getItem(WORKSPACE) ?? "";
}

export function rememberWorkspace(workspace: string): void {
  localStorage.setItem(WORKSPACE, workspace);
}
