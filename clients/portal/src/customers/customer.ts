/** What the workspace knows of a customer. */
import type { UpdateCustomerRequest } from "@rapport/client";
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { client } from "@/app/client";
import { useDesk } from "@/live/desk";

export const customerQuery = (visitorId: string) =>
  queryOptions({
    queryKey: ["customer", visitorId],
    queryFn: async ({ signal }) => (await client.customers.getCustomer({ visitorId }, { signal })).customer,
    enabled: visitorId !== "",
  });

/** Changes what is known; lists and conversations show it at once, which no event tells them. */
export function useUpdateCustomer(visitorId: string) {
  const { world } = useDesk();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (change: Omit<UpdateCustomerRequest, "visitorId">) => client.customers.updateCustomer({ visitorId, ...change }),
    onSuccess({ customer }) {
      if (!customer) return;
      queries.setQueryData(customerQuery(visitorId).queryKey, customer);
      world.renamed(visitorId, customer);
    },
  });
}
