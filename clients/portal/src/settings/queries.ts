/** What the settings show: the workspace, its departments, its members. Kept true by the events of each change. */
import { queryOptions } from "@tanstack/react-query";
import { client } from "@/app/client";
import { queryClient } from "@/app/query";

export const tenantQuery = queryOptions({
  queryKey: ["tenant"],
  queryFn: async ({ signal }) => (await client.tenants.getTenant({}, { signal })).tenant,
});

export const membersQuery = queryOptions({
  queryKey: ["members"],
  async queryFn({ signal }) {
    const members = [];
    for (let pageToken = ""; ; ) {
      const page = await client.tenants.listMembers({ pageSize: 200, pageToken }, { signal });
      members.push(...page.members);
      if (!page.nextPageToken) return members;
      pageToken = page.nextPageToken;
    }
  },
});

export const departmentsQuery = queryOptions({
  queryKey: ["departments"],
  async queryFn({ signal }) {
    const departments = [];
    for (let pageToken = ""; ; ) {
      const page = await client.tenants.listDepartments({ pageSize: 200, pageToken }, { signal });
      departments.push(...page.departments);
      if (!page.nextPageToken) return departments;
      pageToken = page.nextPageToken;
    }
  },
});

/** Reads again what others change, as they do. Gives a function that ends it. */
export function followSettings(): () => void {
  const stale = (...queryKey: string[]) => void queryClient.invalidateQueries({ queryKey });
  const ends = [
    client.live.on("tenantUpdated", () => {
      stale("tenant");
      stale("self");
    }),
    client.live.on("memberUpdated", () => {
      stale("members");
      stale("self");
    }),
    client.live.on("departmentUpdated", () => stale("departments")),
    client.live.on("grantsChanged", () => stale("self")),
    client.live.onReset(() => {
      for (const key of ["tenant", "members", "departments", "self"]) stale(key);
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}
