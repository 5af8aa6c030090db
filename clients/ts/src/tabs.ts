/** What the tabs of one origin do together: one at a time, and telling one another. Without the browser's help each is alone. */

export interface Tabs {
  /** Runs work while no other tab runs work of this name. */
  alone<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** A channel to the other tabs; what is posted is not heard by the tab itself. */
  channel(name: string, hear: (message: unknown) => void): Channel;
}

export interface Channel {
  post(message: unknown): void;
  close(): void;
}

/** The browser's own means, as far as it has them; tabs of another name know nothing of these. */
export function browserTabs(prefix: string): Tabs {
  const { locks } = globalThis.navigator ?? {};
  const queues = new Map<string, Promise<unknown>>();
  const here = <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const turn = (queues.get(name) ?? Promise.resolve()).then(work, work);
    queues.set(
      name,
      turn.catch(() => undefined),
    );
    return turn;
  };
  return {
    async alone<T>(name: string, work: () => Promise<T>): Promise<T> {
      if (!locks) return here(name, work);
      let isBegun = false;
      try {
        return (await locks.request(`${prefix}-${name}`, () => {
          isBegun = true;
          return work();
        })) as T;
      } catch (thrown) {
        // A frame whose storage the browser forbids has no other tabs to think of.
        if (isBegun) throw thrown;
        return here(name, work);
      }
    },
    channel(name, hear) {
      const channel = channelOf(`${prefix}-${name}`);
      if (!channel) return { post: () => undefined, close: () => undefined };
      let isOpen = true;
      channel.onmessage = (event: MessageEvent<unknown>) => hear(event.data);
      // In Node.js a channel must not be what keeps the process.
      (channel as { unref?: () => void }).unref?.();
      return {
        // What ends late has something to say still.
        post: (message) => isOpen && channel.postMessage(message),
        close() {
          isOpen = false;
          channel.close();
        },
      };
    },
  };
}

/** The browser's channel; none where it has none or forbids it. */
function channelOf(name: string): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel(name);
  } catch {
    return undefined;
  }
}
