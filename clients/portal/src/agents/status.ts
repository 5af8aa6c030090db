/** How members are shown, in the contract's words and in ours. */
import type { PresenceStatus, Role } from "@rapport/client";
import type { Status } from "@/ui";

/** In the order they are offered. */
export const STATUSES: readonly Status[] = ["online", "away", "busy", "offline"];

const NAMES: Readonly<Record<PresenceStatus, Status>> = {
  PRESENCE_STATUS_UNSPECIFIED: "offline",
  PRESENCE_STATUS_ONLINE: "online",
  PRESENCE_STATUS_AWAY: "away",
  PRESENCE_STATUS_BUSY: "busy",
  PRESENCE_STATUS_OFFLINE: "offline",
};

const WORDS: Readonly<Record<Status, PresenceStatus>> = {
  online: "PRESENCE_STATUS_ONLINE",
  away: "PRESENCE_STATUS_AWAY",
  busy: "PRESENCE_STATUS_BUSY",
  offline: "PRESENCE_STATUS_OFFLINE",
};

export const statusOf = (word: PresenceStatus): Status => NAMES[word] ?? "offline";
export const wordFor = (status: Status): PresenceStatus => WORDS[status];

/** Roles in order of what they may do; each has a name under `roles`. */
export const ROLES = ["owner", "admin", "agent", "viewer"] as const;
export type RoleName = (typeof ROLES)[number];

export const roleOf = (word: Role): RoleName => ROLES.find((role) => word === roleWord(role)) ?? "viewer";

export function roleWord(role: RoleName): Role {
  return `ROLE_${role.toUpperCase()}` as Role;
}
