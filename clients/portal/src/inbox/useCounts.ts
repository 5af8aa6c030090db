/** How many chats wait, are mine, are active: as the server counts them, again whenever one changes. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { client } from "@/app/client";

/** {@link follow} has it asked for again. */
export const countsQuery = queryOptions({
  queryKey: ["counts"],
  queryFn: ({ signal }) => client.chats.countChats({}, { signal }),
});

export function useCounts() {
  return useQuery(countsQuery).data;
}
