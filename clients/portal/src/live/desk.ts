/** What every screen of the desk works with: the client, who works here, and what is known of the workspace. */
import type { Member } from "@rapport/client";
import { client } from "@/app/client";
import { useMay, useSelf } from "@/session/session";
import { Reader } from "./reader";
import { World } from "./world";

/** The one of the page: outlives screens, and sign-ins of the same member. */
export const world = new World();
export const reader = new Reader(client, world);

export interface Desk {
  readonly client: typeof client;
  readonly world: World;
  readonly reader: Reader;
  readonly me: Member;
  /** Whether this member answers chats, or only looks on. */
  readonly mayWork: boolean;
}

export function useDesk(): Desk {
  const { member } = useSelf();
  return { client, world, reader, me: member, mayWork: useMay("PERMISSION_CHATS_HANDLE") };
}
