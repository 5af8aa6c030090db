import type { OnlineAgent } from "@rapport/client";
import { expect, test } from "vitest";
import type { Present } from "./board";
import { whoIsHere } from "./whoIsHere";

const read = (memberId: string): OnlineAgent => ({
  presence: { memberId, name: memberId, role: "ROLE_AGENT", status: "PRESENCE_STATUS_ONLINE" },
  departmentIds: [],
  workload: { activeChats: 2, openTickets: 1 },
});
const told = (memberId: string, status: Present["status"]): [string, Present] => [
  memberId,
  { memberId, name: memberId, role: "ROLE_AGENT", status, since: undefined },
];

test("who went since the list was read is gone, who came is there with a load nobody knows yet", () => {
  const here = whoIsHere([read("ada"), read("ben")], new Map([told("ben", "offline"), told("cleo", "away")]));
  expect(here.map(({ presence, workload }) => [presence?.memberId, workload?.activeChats])).toEqual([
    ["ada", 2],
    ["cleo", undefined],
  ]);
});
