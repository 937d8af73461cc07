import { describe, expect, it } from 'vitest';
import { ModelHost } from '../test/support/model-host.ts';
import { Backoff } from './backoff.ts';
import { keepConnected, Stopped } from './keep-connected.ts';

/** A host without waits, which remembers its states. */
class QuietHost extends ModelHost {
  readonly states: string[] = [];
  override readonly clock = {
    ...{ now: () => 0, monotonic: () => 0 },
    after: (delay: number, task: () => void) => {
      if (delay < 10_000) queueMicrotask(task);
      return { cancel: () => {} };
    },
  };

  override moved(state: Parameters<ModelHost['moved']>[0], error?: string): void {
    this.states.push(error === undefined ? state : `${state}: ${error}`);
  }
}

function setUp(uses: readonly (() => Promise<void>)[]) {
  const host = new QuietHost(async () => {});
  const stop = new AbortController();
  let opened = 0;
  let closed = 0;
  const open = async () => ({
    use: uses[opened++],
    close: async () => {
      closed++;
    },
  });
  const use = async (of: Awaited<ReturnType<typeof open>>) => {
    if (of.use === undefined) stop.abort();
    else await of.use();
  };
  const running = keepConnected({ host, backoff: new Backoff(() => 0), open, use }, stop.signal);
  return { host, running, counts: () => ({ opened, closed }) };
}

describe('keepConnected', () => {
  it('connects again after a failure, and closes every connection', async () => {
    const lost = async () => {
      throw new Error('lost at amqp://user:secret@host');
    };
    const { host, running, counts } = setUp([lost, async () => {}]);
    await running;
    expect(host.states).toEqual(['connecting', 'waiting: lost at amqp://host', 'connecting', 'connecting']);
    expect(counts()).toEqual({ opened: 3, closed: 3 });
  });

  it('does not connect again if the bridge must not go on', async () => {
    const { host, running, counts } = setUp([
      async () => {
        throw new Stopped('poison');
      },
    ]);
    await running;
    expect(host.states).toEqual(['connecting', 'failed: poison']);
    expect(counts()).toEqual({ opened: 1, closed: 1 });
  });
});
