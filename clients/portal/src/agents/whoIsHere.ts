/** The list as the stream has it by now: who went is gone, and who came is there before the list is read again. */
import type { OnlineAgent } from "@rapport/client";
import type { People } from "./board";
import { wordFor } from "./status";

export function whoIsHere(read: readonly OnlineAgent[], people: People): OnlineAgent[] {
  const listed = new Set(read.map(({ presence }) => presence?.memberId));
  const came = [...people.values()].filter(({ memberId, status }) => status !== "offline" && !listed.has(memberId));
  return [
    ...read.filter(({ presence }) => people.get(presence?.memberId ?? "")?.status !== "offline"),
    ...came.map(({ memberId, name, role, status, since }) => ({
      presence: { memberId, name, role, status: wordFor(status), since },
      departmentIds: [],
      workload: undefined,
    })),
  ];
}
