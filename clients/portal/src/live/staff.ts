/** The members and departments of the workspace: few, read once, kept true by events. */
import type { Department, Member } from "@rapport/client";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { client } from "@/app/client";

const PAGE = 200;

async function all<T>(
  page: (pageToken: string) => Promise<{ readonly items: readonly T[]; readonly next: string }>,
): Promise<T[]> {
  const found: T[] = [];
  let token = "";
  do {
    const { items, next } = await page(token);
    found.push(...items);
    token = next;
  } while (token !== "");
  return found;
}

export const staffQuery = queryOptions({
  queryKey: ["members", "all"],
  queryFn: ({ signal }) =>
    all<Member>(async (pageToken) => {
      const { members, nextPageToken } = await client.tenants.listMembers({ pageSize: PAGE, pageToken }, { signal });
      return { items: members, next: nextPageToken };
    }),
});

export const departmentsQuery = queryOptions({
  queryKey: ["departments", "all"],
  queryFn: ({ signal }) =>
    all<Department>(async (pageToken) => {
      const { departments, nextPageToken } = await client.tenants.listDepartments({ pageSize: PAGE, pageToken }, { signal });
      return { items: departments, next: nextPageToken };
    }),
});

const NO_MEMBERS: readonly Member[] = [];
const NO_DEPARTMENTS: readonly Department[] = [];

export function useStaff(): readonly Member[] {
  return useQuery(staffQuery).data ?? NO_MEMBERS;
}

/** Those a chat or a ticket can be given to. */
export function useAssignable(): readonly Member[] {
  const staff = useStaff();
  return useMemo(() => staff.filter(({ role, state }) => role !== "ROLE_VIEWER" && state === "MEMBER_STATE_ACTIVE"), [staff]);
}

export function useDepartments(): readonly Department[] {
  return useQuery(departmentsQuery).data ?? NO_DEPARTMENTS;
}

export function useDepartmentName(departmentId: string): string {
  return useDepartments().find((department) => department.departmentId === departmentId)?.name ?? "";
}
