import { expect, test, vi } from "vitest";
import { fetchLater, later } from "./later";

test("all parts are fetched once when the page is at rest, and one that fails is asked for again", async () => {
  vi.useFakeTimers();
  vi.stubGlobal("requestIdleCallback", undefined);
  const good = vi.fn(async () => () => null);
  const bad = vi.fn(() => Promise.reject(new Error("offline")));
  later(good);
  later(bad);
  fetchLater();
  expect(good).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1_000);
  expect([good, bad].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  const leave = fetchLater();
  await vi.advanceTimersByTimeAsync(1_000);
  expect([good, bad].map(({ mock }) => mock.calls.length)).toEqual([1, 2]);
  leave();
  fetchLater()();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(bad.mock.calls.length).toBe(2);
  vi.unstubAllGlobals();
  vi.useRealTimers();
});
