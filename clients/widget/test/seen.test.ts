// What has been seen of a ticket is remembered over visits, and only grows.
import { memoryTexts } from "@rapport/client/light";
import { expect, test } from "vitest";
import { Seen } from "../src/app/model/seen";

const ticket = (lastSeq: number) => ({ ticketId: "ticket_1", lastSeq });

test("what it began with is no news, an answer is, until it is seen", async () => {
  const texts = memoryTexts();
  const seen = new Seen("acme", texts);
  await seen.restore();
  expect(seen.isNew(ticket(1))).toBe(false);
  expect(seen.isNew(ticket(3))).toBe(true);
  seen.mark("ticket_1", 3);
  seen.mark("ticket_1", 2);
  expect(seen.isNew(ticket(3))).toBe(false);
  const later = new Seen("acme", texts);
  await later.restore();
  expect([later.isNew(ticket(3)), later.isNew(ticket(4))]).toEqual([false, true]);
  const elsewhere = new Seen("other", texts);
  await elsewhere.restore();
  expect(elsewhere.isNew(ticket(3))).toBe(true);
});

test("what cannot be read is as if nothing had been seen", async () => {
  const texts = memoryTexts();
  await texts.set("rapport-seen:acme", "{");
  const seen = new Seen("acme", texts);
  await seen.restore();
  expect(seen.isNew(ticket(2))).toBe(true);
});
