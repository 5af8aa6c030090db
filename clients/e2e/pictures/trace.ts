// What a trace of Chromium says of the main thread of a page: its tasks, and how much of each frame was script.
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly ts: number;
  /** How long it took, and how much of that the thread ran. */
  readonly dur?: number | undefined;
  readonly tdur?: number | undefined;
  readonly pid: number;
  readonly tid: number;
  readonly args?: { readonly name?: string };
}

export interface Frames {
  /** Script in each frame, in milliseconds, the least first. */
  readonly scripting: readonly number[];
  /** The same without the collection of garbage, which comes when the engine thinks fit and not with what a frame does. */
  readonly written: readonly number[];
  /** The longest task of the thread, in milliseconds. */
  readonly longest: number;
}

/** What the thread worked, or what a clock at the wall says, which counts in what the thread waited for a processor. */
export type Clock = "own" | "wall";

/** What the timeline of the developer tools counts as scripting. */
const SCRIPTING = new Set([
  "EvaluateScript",
  "EventDispatch",
  "FireAnimationFrame",
  "FireIdleCallback",
  "FunctionCall",
  "GCEvent",
  "MajorGC",
  "MinorGC",
  "RunMicrotasks",
  "TimerFire",
  "WebSocketReceive",
  "WebSocketSend",
  "XHRReadyStateChange",
  "v8.callFunction",
  "v8.compile",
  "v8.run",
]);
const isScript = (name: string) => SCRIPTING.has(name) || name.startsWith("V8.");
const isGarbage = (name: string) => ["GCEvent", "MajorGC", "MinorGC"].includes(name) || name.startsWith("V8.GC");

/** What begins a frame of the main thread. */
const BEGIN = "BeginMainThreadFrame";

/** The events of each page's main thread. A trace is longer than a text may be: it is read line by line, an event in each. */
async function mainThreads(path: string): Promise<TraceEvent[][]> {
  const threads = new Map<string, TraceEvent[]>();
  for await (const line of createInterface({ input: createReadStream(path) })) {
    // The last one shares its line with what is said of the browser, and counts for nothing.
    if (!line.startsWith('{"') || !line.endsWith("},")) continue;
    const { name, ph, ts, dur, tdur, pid, tid, args } = JSON.parse(line.slice(0, -1)) as TraceEvent;
    const thread = `${pid}:${tid}`;
    if (ph === "M" && name === "thread_name" && args?.name === "CrRendererMain") threads.set(thread, []);
    else if (ph === "X" || name === BEGIN) threads.get(thread)?.push({ name, ph, ts, dur, tdur, pid, tid });
  }
  return [...threads.values()];
}

/** Of the page that has drawn most. */
export async function framesOf(path: string): Promise<Record<Clock, Frames>> {
  const begins = (of: readonly TraceEvent[]) => of.filter(({ name }) => name === BEGIN).length;
  const [thread] = (await mainThreads(path)).sort((one, other) => begins(other) - begins(one));
  if (!thread) throw new Error("the trace has no main thread of a page");
  const starts = thread
    .filter(({ name }) => name === BEGIN)
    .map(({ ts }) => ts)
    .sort((one, other) => one - other);
  const by = (clock: Clock) => measure(thread, starts, clock);
  return { own: by("own"), wall: by("wall") };
}

const took = ({ dur = 0, tdur }: TraceEvent, clock: Clock) => (clock === "own" ? (tdur ?? dur) : dur) / 1000;

function measure(thread: readonly TraceEvent[], starts: readonly number[], clock: Clock): Frames {
  const scripting = new Array<number>(starts.length).fill(0);
  const written = [...scripting];
  for (const { at, self, name } of selfTimes(thread, clock)) {
    const frame = lastBefore(starts, at);
    if (frame < 0) continue;
    scripting[frame] = (scripting[frame] ?? 0) + self;
    if (!isGarbage(name)) written[frame] = (written[frame] ?? 0) + self;
  }
  const tasks = thread.filter(({ name, ph }) => ph === "X" && name === "RunTask").map((task) => took(task, clock));
  const rising = (times: number[]) => times.sort((one, other) => one - other);
  return { scripting: rising(scripting), written: rising(written), longest: Math.max(0, ...tasks) };
}

/** How long each piece of script ran without what lies within it and is none, such as layout. */
function selfTimes(
  thread: readonly TraceEvent[],
  clock: Clock,
): { readonly at: number; readonly self: number; readonly name: string }[] {
  const whole = thread
    .filter(({ ph }) => ph === "X")
    .sort((one, other) => one.ts - other.ts || (other.dur ?? 0) - (one.dur ?? 0));
  const open: { readonly end: number; readonly name: string; readonly at: number; self: number }[] = [];
  const done: typeof open = [];
  const close = (until: number) => {
    for (let last = open.at(-1); last && last.end <= until; last = open.at(-1)) done.push(...open.splice(-1));
  };
  for (const event of whole) {
    const { ts, dur = 0, name } = event;
    close(ts);
    const around = open.at(-1);
    if (around) around.self -= took(event, clock);
    open.push({ end: ts + dur, name, at: ts, self: took(event, clock) });
  }
  close(Number.POSITIVE_INFINITY);
  return done.filter(({ name }) => isScript(name));
}

function lastBefore(starts: readonly number[], at: number): number {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
