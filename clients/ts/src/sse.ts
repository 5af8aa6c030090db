/** Server-sent events, as far as the server sends them: `id`, `data`, the event `problem`, and a comment as a sign of life. */
import { lost, RapportError } from "./error.js";
import { unless } from "./wait.js";

/** How long a stream may be silent; the server shows every 15 seconds that it is there. */
const SILENCE = 40_000;

/** The items of a stream, until it ends. */
export async function* items(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<unknown> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await next(reader, signal);
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const data = field(block, "data");
        if (data === undefined) continue;
        if (field(block, "event") === "problem") throw RapportError.of(JSON.parse(data));
        yield JSON.parse(data);
      }
    }
  } finally {
    // Whoever ends the loop early ends the call.
    reader.cancel().catch(() => undefined);
  }
}

async function next(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  signal: AbortSignal,
): Promise<{ done: boolean; value?: Uint8Array | undefined }> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silent = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(lost("the stream fell silent")), SILENCE);
  });
  try {
    return await unless(signal, Promise.race([reader.read(), silent]));
  } catch (thrown) {
    throw thrown instanceof RapportError ? thrown : lost("the stream broke", thrown);
  } finally {
    clearTimeout(timer);
  }
}

function field(block: string, name: string): string | undefined {
  const start = `${name}: `;
  return block
    .split("\n")
    .find((line) => line.startsWith(start))
    ?.slice(start.length);
}
