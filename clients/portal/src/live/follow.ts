/** Keeps a world as the workspace is: what is heard goes into it, and what only a reading can tell is read anew. */
import type { AddCommentResponse, SendMessageResponse } from "@rapport/client";
import type { QueryClient } from "@tanstack/react-query";
import type { PortalClient } from "./reader";
import type { Stop } from "./topics";
import type { World } from "./world";

/** Counts are asked for again at most so often. */
const COUNTS_MS = 1_000;
/** As long as this the first reading waits for the connection. */
const PATIENCE_MS = 2_500;

export function follow(client: PortalClient, world: World, queries: QueryClient, memberId: string): Stop {
  const { live, queue } = client;
  let hushing: ReturnType<typeof setTimeout> | undefined;
  let counting: ReturnType<typeof setTimeout> | undefined;

  const hush = () => {
    clearTimeout(hushing);
    const next = world.hush();
    hushing = next === undefined ? undefined : setTimeout(hush, Math.max(50, next - Date.now()));
  };
  const count = () => {
    counting ??= setTimeout(() => {
      counting = undefined;
      void queries.invalidateQueries({ queryKey: ["counts"] });
    }, COUNTS_MS);
  };
  const again = () => {
    world.reset();
    void queries.invalidateQueries();
  };

  const wasFollowed = world.isFollowed;
  // Where sockets do not get through at all, a page that stands still is better than none.
  const late = setTimeout(() => world.followed(), PATIENCE_MS);

  const stops = [
    live.onEvent((event) => {
      world.hear(event);
      if (event.chatUpdated || event.chatLeft) count();
      if (event.memberUpdated) void queries.invalidateQueries({ queryKey: ["members"] });
      if (event.departmentUpdated) void queries.invalidateQueries({ queryKey: ["departments"] });
      if (event.tenantUpdated) void queries.invalidateQueries({ queryKey: ["tenant"] });
      // Other chats are this member's to see from here on.
      if (event.grantsChanged?.memberId === memberId) again();
    }),
    live.onTyping((typing) => {
      if (typing.sender?.id === memberId) return;
      world.typing(typing);
      hush();
    }),
    live.onReset(again),
    queue.onSent((entry, answer) => {
      const { message } = answer as Partial<SendMessageResponse>;
      const { comment } = answer as Partial<AddCommentResponse>;
      if (message) world.sent(message, entry.requestId);
      if (comment) world.commented(comment, entry.requestId);
    }),
    () => clearTimeout(hushing),
    () => clearTimeout(counting),
    () => clearTimeout(late),
  ];
  live.start().then(
    () => {
      // What was read before the first event could be heard may be out of date.
      if (!wasFollowed && world.isFollowed) again();
      clearTimeout(late);
      world.followed();
    },
    // A failure is the connection's status by then, and the session's where it is over.
    () => undefined,
  );
  return () => {
    for (const stop of stops) stop();
    void live.stop();
  };
}
