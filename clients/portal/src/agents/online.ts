/** Everybody who is not offline, with what they have to do. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client } from "@/app/client";

export const onlineQuery = queryOptions({
  queryKey: ["agents", "online"],
  async queryFn({ signal }) {
    const agents = [];
    for (let pageToken = ""; ; ) {
      const page = await client.presence.listOnlineAgents({ pageSize: 200, pageToken }, { signal });
      agents.push(...page.agents);
      if (!page.nextPageToken) return agents;
      pageToken = page.nextPageToken;
    }
  },
  placeholderData: keepPreviousData,
});
