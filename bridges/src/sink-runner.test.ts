import type { OutboundBatch, OutboundBridge, OutboundFeed } from '@sluice/server/bridging';
import { describe, expect, it } from 'vitest';
import { ScriptHost } from '../test/support/script-host.ts';
import type { SinkRecord } from './sink.ts';
import { SinkRunner } from './sink-runner.ts';

const message = (offset: number) => ({ epoch: 'e', message: { id: `m${offset}`, offset, time: 0, data: offset } });
const gap = { reason: 'retention', from: { epoch: 'e', offset: 0 }, to: { epoch: 'e', offset: 4 } };

/** A channel with these batches. When all are acknowledged, the bridge stops. */
class Channel extends ScriptHost {
  /** What happened, in order. */
  readonly events: string[] = [];
  openFeeds = 0;
  readonly #batches: OutboundBatch[];

  constructor(batches: readonly OutboundBatch[]) {
    super();
    this.#batches = [...batches];
  }

  override async openFeed(): Promise<OutboundFeed> {
    this.openFeeds++;
    let isOpen = true;
    let next = 0;
    let end = () => {};
    const closed = new Promise<void>((resolve) => {
      end = resolve;
    });
    return {
      next: async () => {
        if (this.#batches.length === 0) this.stop.abort();
        const batch = this.#batches[next];
        if (batch === undefined) await closed;
        next++;
        return isOpen && batch !== undefined ? batch : { gaps: [], messages: [] };
      },
      acknowledge: async () => {
        this.events.push('acknowledged');
        this.#batches.shift();
        next--;
        if (this.#batches.length === 0) this.stop.abort();
      },
      close: () => {
        if (isOpen) this.openFeeds--;
        isOpen = false;
        end();
      },
    };
  }
}

interface Broker {
  /** What the broker does with a batch, when it has got so many messages. */
  readonly send?: (count: number) => Promise<void>;
  readonly overlaps?: boolean;
}

async function run(host: Channel, { send = async () => {}, overlaps = false }: Broker = {}): Promise<SinkRecord[]> {
  const sent: SinkRecord[] = [];
  const config = {
    ...{ origin: 'here', envelope: 'raw', from: { channel: 'c' }, inFlight: 4 },
  } as unknown as OutboundBridge;
  const open = async () => ({
    send: async (records: readonly SinkRecord[]) => {
      sent.push(...records);
      host.events.push(`sent ${records.map(({ id }) => id).join(' ')}`);
      await send(sent.length);
    },
    close: async () => {},
  });
  await new SinkRunner({ config, host, sink: { attributePrefix: 'ce_', overlaps, open } }).run(host.stop.signal);
  return sent;
}

it('messages are acknowledged once the broker has confirmed them', async () => {
  const host = new Channel([
    { gaps: [], messages: [message(1), message(2)] },
    { gaps: [], messages: [message(3)] },
  ]);
  await run(host);
  expect(host.events).toEqual(['sent c/e/1 c/e/2', 'acknowledged', 'sent c/e/3', 'acknowledged']);
  expect([host.counts, host.openFeeds, host.limits.size]).toEqual([{ sent: 3 }, 0, 0]);
});

it('a gap is a record of its own, before the messages that follow it', async () => {
  const host = new Channel([{ gaps: [gap], messages: [message(5)] }]);
  const sent = await run(host);
  expect(sent.map(({ id, headers }) => [id, headers['sluice-type']])).toEqual([
    ['c/e/4/gap', 'sluice.gap'],
    ['c/e/5', undefined],
  ]);
  expect(JSON.parse(sent[0]?.body.toString() ?? '')).toEqual(gap);
  expect(host.counts).toEqual({ gap: 1, sent: 1 });
});

it('what the broker did not confirm is sent again', async () => {
  const host = new Channel([{ gaps: [], messages: [message(1)] }]);
  const sent = await run(host, {
    send: async (count) => {
      if (count < 4) throw new Error('lost');
    },
  });
  expect(sent.map(({ offset }) => offset)).toEqual([1, 1, 1, 1]);
  expect(host.events.slice(-2)).toEqual(['sent c/e/1', 'acknowledged']);
  expect(host.pauses.slice(0, 3)).toEqual([250, 500, 1_000]);
  expect(host.openFeeds).toBe(0);
});

it('a broker that does not confirm within a minute is given up', async () => {
  const host = new Channel([{ gaps: [], messages: [message(1)] }]);
  await run(host, {
    send: async (count) => {
      if (count > 1) return;
      setImmediate(() => {
        for (const ring of host.limits) ring();
      });
      await new Promise<never>(() => {});
    },
  });
  expect(host.states).toContain('waiting: the broker did not confirm within 60 s');
  expect(host.events).toEqual(['sent c/e/1', 'sent c/e/1', 'acknowledged']);
  expect(host.limits.size).toBe(0);
});

it('a bridge pauses shortly again once the broker has confirmed something', async () => {
  const host = new Channel([1, 2].map((offset) => ({ gaps: [], messages: [message(offset)] })));
  await run(host, {
    send: async (count) => {
      if ([1, 2, 4].includes(count)) throw new Error('lost');
    },
  });
  expect(host.pauses.slice(0, 3)).toEqual([250, 500, 250]);
});

describe('a broker that accepts messages while it confirms earlier ones', () => {
  const messages = (to: number) =>
    Array.from({ length: to }, (_, at) => ({ gaps: [], messages: [message(at + 1)] }) as OutboundBatch);

  it('gets the next ones before it has confirmed, at most `inFlight`', async () => {
    const host = new Channel(messages(6));
    let confirm = () => {};
    const full = new Promise<void>((resolve) => {
      confirm = resolve;
    });
    await run(host, {
      overlaps: true,
      send: async (count) => {
        if (count === 4) setImmediate(confirm);
        await full;
      },
    });
    expect(host.events.slice(0, 5)).toEqual(['sent c/e/1', 'sent c/e/2', 'sent c/e/3', 'sent c/e/4', 'acknowledged']);
    expect(host.counts).toEqual({ sent: 6 });
  });

  it('gets what it did not confirm, and what followed, again', async () => {
    const host = new Channel(messages(3));
    const sent = await run(host, {
      overlaps: true,
      send: async (count) => {
        if (count === 2) throw new Error('refused');
      },
    });
    expect(host.states).toContain('waiting: refused');
    expect(sent.slice(0, 2).map(({ offset }) => offset)).toEqual([1, 2]);
    expect(sent.slice(-2).map(({ offset }) => offset)).toEqual([2, 3]);
    expect(sent.filter(({ offset }) => offset === 1)).toHaveLength(1);
    expect(host.counts).toEqual({ sent: 3 });
  });

  it('gets one message after the other if `inFlight` is 4 and it does not overlap', async () => {
    const host = new Channel(messages(2));
    await run(host);
    expect(host.events).toEqual(['sent c/e/1', 'acknowledged', 'sent c/e/2', 'acknowledged']);
  });
});
