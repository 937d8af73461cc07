import { loadBridge } from '@sluice/bridges';
import type { BridgeHost, Clock } from '@sluice/server/bridging';
import type { Engine } from '../../../server/src/engine/engine.ts';

/** How much faster than the machine's the clock of the second gateway runs: it takes the lease while the first one renews it. */
const FASTER = 5;
export const fastClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now() * FASTER,
  after: (delay, task) => {
    const timer = setTimeout(task, delay / FASTER);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Bridges that pause after a number of messages, and continue when the test resumes them. */
export class Pause {
  readonly #after: number;
  #count = 0;
  #mark: () => void = () => {};
  #resume: () => void = () => {};
  readonly begun = new Promise<void>((resolve) => {
    this.#mark = resolve;
  });
  readonly #ended = new Promise<void>((resolve) => {
    this.#resume = resolve;
  });

  /** @param after messages that pass before the pause */
  constructor(after: number) {
    this.#after = after;
  }

  readonly bridges = async () => ({
    loadBridge: (...[config, host]: Parameters<typeof loadBridge>) => loadBridge(config, this.#pausing(host)),
  });

  end(): void {
    this.#resume();
  }

  /** Waits if as many messages have passed. */
  async pass(messages: number): Promise<void> {
    this.#count += messages;
    if (this.#count <= this.#after) return;
    this.#mark();
    await this.#ended;
  }

  #pausing = (host: BridgeHost): BridgeHost => ({
    ...host,
    // It has read messages, and not published them.
    publish: async (messages) => {
      await this.pass(messages.length);
      return host.publish(messages);
    },
    // The broker has messages, and they are not acknowledged.
    openFeed: async (onWait) => {
      const feed = await host.openFeed(onWait);
      const taken: number[] = [];
      return {
        next: async (...args) => {
          const batch = await feed.next(...args);
          taken.push(batch.messages.length);
          return batch;
        },
        acknowledge: async (...args) => {
          await this.pass(taken.shift() ?? 0);
          return feed.acknowledge(...args);
        },
        finish: () => feed.finish(),
        close: () => feed.close(),
      };
    },
  });
}

/** The engine, whose groups wait before they execute a call. */
export function pausing(engine: Engine, call: 'fence' | 'claim', pause: Pause): Engine {
  const { groups } = engine;
  if (groups === undefined) throw new Error('the engine has no groups');
  const { fence, claim } = { fence: groups.fence.bind(groups), claim: groups.claim.bind(groups) };
  const wait = (of: typeof call) => (of === call ? pause.pass(1) : undefined);
  groups.fence = async (...args) => {
    await wait('fence');
    await fence(...args);
  };
  groups.claim = async (...args) => {
    await wait('claim');
    return claim(...args);
  };
  return engine;
}
