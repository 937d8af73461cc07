import type { OutboundBatch, OutboundBridge, OutboundFeed } from '@sluice/server/bridging';
import { expect, it } from 'vitest';
import { ScriptHost } from '../test/support/script-host.ts';
import type { SinkRecord } from './sink.ts';
import { SinkRunner } from './sink-runner.ts';

const message = (offset: number) => ({ epoch: 'e', message: { id: `m${offset}`, offset, time: 0, data: offset } });
const gap = { reason: 'retention', from: { epoch: 'e', offset: 0 }, to: { epoch: 'e', offset: 4 } };

/** A channel with these batches, until they are acknowledged; then the bridge stops. */
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
    return {
      next: async () => {
        const [batch] = this.#batches;
        if (batch === undefined) this.stop.abort();
        return isOpen && batch !== undefined ? batch : { gaps: [], messages: [] };
      },
      acknowledge: async () => {
        this.events.push('acknowledged');
        this.#batches.shift();
      },
      close: () => {
        if (isOpen) this.openFeeds--;
        isOpen = false;
      },
    };
  }
}

/** @param send what the broker does with a batch */
async function run(host: Channel, send: (count: number) => Promise<void> = async () => {}): Promise<SinkRecord[]> {
  const sent: SinkRecord[] = [];
  const config = { origin: 'here', envelope: 'raw', from: { channel: 'c' } } as unknown as OutboundBridge;
  const open = async () => ({
    send: async (records: readonly SinkRecord[]) => {
      sent.push(...records);
      await send(sent.length);
      host.events.push(`sent ${records.map(({ id }) => id).join(' ')}`);
    },
    close: async () => {},
  });
  await new SinkRunner({ config, host, sink: { attributePrefix: 'ce_', open } }).run(host.stop.signal);
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
  const sent = await run(host, async (count) => {
    if (count < 4) throw new Error('lost');
  });
  expect(sent.map(({ offset }) => offset)).toEqual([1, 1, 1, 1]);
  expect(host.events).toEqual(['sent c/e/1', 'acknowledged']);
  expect(host.pauses.slice(0, 3)).toEqual([250, 500, 1_000]);
  expect(host.openFeeds).toBe(0);
});

it('a broker that does not confirm within a minute is given up', async () => {
  const host = new Channel([{ gaps: [], messages: [message(1)] }]);
  await run(host, async (count) => {
    if (count > 1) return;
    setImmediate(() => {
      for (const ring of host.limits) ring();
    });
    await new Promise<never>(() => {});
  });
  expect(host.states).toContain('waiting: the broker did not confirm within 60 s');
  expect(host.events).toEqual(['sent c/e/1', 'acknowledged']);
  expect(host.limits.size).toBe(0);
});

it('a bridge pauses shortly again once the broker has confirmed something', async () => {
  const host = new Channel([1, 2].map((offset) => ({ gaps: [], messages: [message(offset)] })));
  await run(host, async (count) => {
    if ([1, 2, 4].includes(count)) throw new Error('lost');
  });
  expect(host.pauses.slice(0, 3)).toEqual([250, 500, 250]);
});
