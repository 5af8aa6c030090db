import type { MemberPresence } from "@rapport/client";
import { expect, test } from "vitest";
import { Board } from "./board";

const shown = (memberId: string, status: MemberPresence["status"]): MemberPresence => ({
  memberId,
  name: memberId,
  role: "ROLE_AGENT",
  status,
  since: "2026-01-01T00:00:00Z",
});
const told = (board: Board) => [...board.people.values()].map(({ memberId, status }) => `${memberId} ${status}`);

test("a snapshot counts when it is whole, changes at once", () => {
  const board = new Board();
  board.take([shown("ada", "PRESENCE_STATUS_ONLINE")], false);
  expect([told(board), board.isKnown]).toEqual([[], false]);
  board.take([shown("ben", "PRESENCE_STATUS_AWAY")], true);
  expect([told(board), board.isKnown]).toEqual([["ada online", "ben away"], true]);
  board.take([shown("ada", "PRESENCE_STATUS_BUSY")], false);
  expect(told(board)).toEqual(["ada busy", "ben away"]);
});

test("a stream that begins anew keeps what is known until it is told again, then only what was named", () => {
  const board = new Board();
  board.take([shown("ada", "PRESENCE_STATUS_ONLINE"), shown("ben", "PRESENCE_STATUS_ONLINE")], true);
  board.restart();
  board.take([shown("ben", "PRESENCE_STATUS_ONLINE")], false);
  expect(told(board)).toEqual(["ada online", "ben online"]);
  board.take([], true);
  expect(told(board)).toEqual(["ben online"]);
});
