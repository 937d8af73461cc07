import type { OutboundBatch, OutboundBridge, OutboundFeed } from '@sluice/server/bridging';
import { describe, expect, it } from 'vitest';
import { ScriptHost } from '../test/support/script-host.ts';
import type { OnConfirmed, SinkRecord } from './sink.ts';
import { SinkRunner } from './sink-runner.ts';
import { TooLarge } from './too-large.ts';

const message = (offset: number) => ({ epoch: 'e', message: { id: `m${offset}`, offset, time: 0, data: offset } });
const gap = { reason: 'retention', from: { epoch: 'e', offset: 0 }, to: { epoch: 'e', offset: 4 } };

const withoutFirst = ({ gaps, messages }: OutboundBatch, first: number): OutboundBatch => ({
  gaps: gaps.slice(first),
  messages: messages.slice(Math.max(0, first - gaps.length)),
});

/** A channel with these batches. When all are acknowledged, the bridge stops. */
class Channel extends ScriptHost {
  /** What happened, in order. */
  readonly events: string[] = [];
  openFeeds = 0;
  /** Dead letters that the list has room for. */
  roomForDead = 10;
  readonly #batches: OutboundBatch[];

  constructor(batches: readonly OutboundBatch[]) {
    super();
    this.#batches = [...batches];
  }

  override async openFeed(): Promise<OutboundFeed> {
    this.openFeeds++;
    let isOpen = true;
    let isFinished = false;
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
        return !isFinished && batch !== undefined ? batch : { gaps: [], messages: [] };
      },
      acknowledge: async (dead = new Map(), first?: number) => {
        const lost = Math.max(0, dead.size - this.roomForDead);
        this.events.push(['acknowledged', ...[...dead].map(([offset, why]) => `${offset} dead: ${why}`)].join(' '));
        const batch = this.#batches.shift();
        if (first !== undefined && batch !== undefined) this.#batches.unshift(withoutFirst(batch, first));
        next--;
        if (this.#batches.length === 0) this.stop.abort();
        return lost;
      },
      finish: () => {
        isFinished = true;
        end();
      },
      close: () => {
        if (isOpen) this.openFeeds--;
        isOpen = false;
        isFinished = true;
        end();
      },
    };
  }
}

/** @param send what the broker does with a batch; its count is that of all messages so far */
async function run(
  host: Channel,
  send: (count: number, records: readonly SinkRecord[], confirmed: OnConfirmed) => Promise<void> = async () => {},
  { overlaps = false }: { readonly overlaps?: boolean } = {},
): Promise<SinkRecord[]> {
  const sent: SinkRecord[] = [];
  const config = {
    ...{ origin: 'here', envelope: 'raw', from: { channel: 'c' }, to: {}, inFlight: 4 },
  } as unknown as OutboundBridge;
  const open = async () => ({
    send: async (records: readonly SinkRecord[], confirmed: OnConfirmed = () => {}) => {
      sent.push(...records);
      await send(sent.length, records, confirmed);
      host.events.push(`sent ${records.map(({ id }) => id).join(' ')}`);
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
  expect(host.reports).toEqual(['gap: retention: the log lost what is behind offset 0, up to 4']);
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
  expect(host.states.join()).toContain(
    'waiting: the broker did not confirm within 60 s. If it is slow, lower "inFlight"',
  );
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

describe('a message that is too large for the broker', () => {
  const batch = { gaps: [], messages: [message(1), message(2), message(3)] };
  /** A broker that accepts no record whose id matches. */
  const refusing = (pattern: RegExp) => async (_: number, records: readonly SinkRecord[]) => {
    const [first, ...others] = records.filter(({ id }) => pattern.test(id));
    if (first !== undefined) throw new TooLarge([first, ...others], 'it accepts 1 byte');
  };

  it('is a dead letter, and a small record is sent in its place', async () => {
    const host = new Channel([batch, { gaps: [], messages: [message(4)] }]);
    const sent = await run(host, refusing(/2$/));
    expect(host.events).toEqual([
      ...['sent c/e/1 c/e/2/dead c/e/3', 'acknowledged 2 dead: it accepts 1 byte', 'sent c/e/4', 'acknowledged'],
    ]);
    const letter = sent.find(({ id }) => id === 'c/e/2/dead');
    expect(letter).toMatchObject({ offset: 2, event: 'sluice.dead_letter', tags: {} });
    expect(letter?.headers).toMatchObject({ 'sluice-type': 'sluice.dead_letter', 'sluice-offset': '2' });
    const of = { id: 'c/e/2', channel: 'c', epoch: 'e', offset: 2 };
    expect(JSON.parse(`${letter?.body}`)).toEqual({
      ...{ reason: 'too_large', detail: 'it accepts 1 byte', size: 1, ...of },
    });
    expect(host.counts).toEqual({ sent: 3, dead_lettered: 1 });
    expect(host.reports).toEqual(['dead_lettered: offset 2 is too large: it accepts 1 byte']);
    expect(host.states).toContain('waiting: message c/e/2 with 1 bytes is too large: it accepts 1 byte');
    expect([host.pauses, host.openFeeds]).toEqual([[250], 0]);
  });

  it('is found with all others of its batch, and later ones do not wait longer', async () => {
    const host = new Channel([batch]);
    await run(host, async (count, records) => {
      const [next] = records.filter(({ id }) => /[123]$/.test(id));
      if (next !== undefined && count < 12) throw new TooLarge([next], 'it accepts nothing');
    });
    expect(host.events[0]).toBe('sent c/e/1/dead c/e/2/dead c/e/3/dead');
    expect(host.counts).toEqual({ dead_lettered: 3 });
    expect(host.pauses).toEqual([250, 250, 250]);
  });

  it('is lost, counted and explained if the list of dead letters has no room for it', async () => {
    const host = new Channel([batch]);
    host.roomForDead = 0;
    await run(host, refusing(/2$/));
    expect(host.counts).toEqual({ sent: 2, lost: 1 });
    expect(host.reports).toEqual([
      expect.stringMatching(/^lost: the list of dead letters is full\. .+offset 2 is too large/),
    ]);
  });

  it('is left out if not even the small record is accepted', async () => {
    const host = new Channel([{ gaps: [], messages: [message(2)] }]);
    await run(host, refusing(/2/));
    expect(host.events).toEqual(['acknowledged 2 dead: it accepts 1 byte']);
    expect(host.counts).toEqual({ dead_lettered: 1 });
  });

  it('keeps the pauses growing if the broker refuses it although it was not sent', async () => {
    const host = new Channel([batch]);
    let refusals = 0;
    await run(host, async () => {
      if (++refusals > 4) return;
      const [record] = [{ id: 'another', body: Buffer.from('1') } as SinkRecord];
      throw new TooLarge([record], 'it accepts nothing');
    });
    expect(host.pauses).toEqual([250, 500, 1_000, 2_000]);
    expect(host.counts).toEqual({ sent: 3 });
  });
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
    const send = async (count: number) => {
      if (count === 4) setImmediate(confirm);
      await full;
    };
    await run(host, send, { overlaps: true });
    expect(host.events.slice(0, 5)).toEqual(['sent c/e/1', 'sent c/e/2', 'sent c/e/3', 'sent c/e/4', 'acknowledged']);
    expect(host.counts).toEqual({ sent: 6 });
  });

  it('gets what it did not confirm, and what followed, again', async () => {
    const host = new Channel(messages(3));
    const send = async (count: number) => {
      if (count === 2) throw new Error('refused');
    };
    const sent = await run(host, send, { overlaps: true });
    expect(host.states).toContain('waiting: refused');
    // Nothing was sent behind the one that was refused.
    expect(sent.map(({ offset }) => offset)).toEqual([1, 2, 2, 3]);
    expect(host.counts).toEqual({ sent: 3 });
  });

  it('gets one message after the other if `inFlight` is 4 and it does not overlap', async () => {
    const host = new Channel(messages(2));
    await run(host);
    expect(host.events).toEqual(['sent c/e/1', 'acknowledged', 'sent c/e/2', 'acknowledged']);
  });
});

describe('a log that was lost together with what was sent of it', () => {
  const of = (epoch: string, offset: number) => ({ gaps: [], messages: [{ ...message(offset), epoch }] });

  it('is a gap, before the first message of the new one', async () => {
    const host = new Channel([of('e', 7), of('f', 1), of('f', 2)]);
    const sent = await run(host);
    expect(sent.map(({ id }) => id)).toEqual(['c/e/7', 'c/f/0/gap', 'c/f/1', 'c/f/2']);
    const gap = { reason: 'epoch_changed', from: { epoch: 'e', offset: 7 }, to: { epoch: 'f', offset: 0 } };
    expect(JSON.parse(`${sent[1]?.body}`)).toEqual(gap);
    expect(host.counts).toEqual({ sent: 3, gap: 1 });
  });

  it('is a gap again until the broker has it', async () => {
    const host = new Channel([of('e', 7), of('f', 1)]);
    const sent = await run(host, async (count) => {
      if (count === 3) throw new Error('lost');
    });
    expect(sent.map(({ id }) => id)).toEqual(['c/e/7', 'c/f/0/gap', 'c/f/1', 'c/f/0/gap', 'c/f/1']);
  });

  it.each(['found', 'reported'])('is no gap any more once the broker has it, whatever follows: %s', async (kind) => {
    const gaps = kind === 'found' ? [] : [{ ...gap, to: { epoch: 'f', offset: 0 } }];
    const host = new Channel([of('e', 7), { ...of('f', 1), gaps }]);
    let refusals = 0;
    const sent = await run(host, async (_, records, confirmed) => {
      const at = records.findIndex(({ id }) => id === 'c/f/1');
      if (at === -1 || ++refusals > 3) return;
      for (let before = 0; before < at; before++) confirmed(before);
      throw new Error('nothing accepts it');
    });
    expect(sent.map(({ id }) => id)).toEqual(['c/e/7', 'c/f/0/gap', ...Array(4).fill('c/f/1')]);
    expect(host.counts).toEqual({ sent: 2, gap: 1 });
    expect(host.pauses).toEqual([250, 500, 1_000]);
  });

  it('is none if a batch before has reported it', async () => {
    const reported = { gaps: [{ ...gap, to: { epoch: 'f', offset: 0 } }], messages: [] };
    const sent = await run(new Channel([of('e', 7), reported, of('f', 1)]));
    expect(sent.map(({ id }) => id)).toEqual(['c/e/7', 'c/f/0/gap', 'c/f/1']);
  });

  it('is none if the group has reported it, or another node may have sent the beginning', async () => {
    const reported = { ...of('f', 1), gaps: [{ ...gap, to: { epoch: 'f', offset: 0 } }] };
    const host = new Channel([of('e', 7), reported, of('g', 5)]);
    const sent = await run(host);
    expect(sent.map(({ id }) => id)).toEqual(['c/e/7', 'c/f/0/gap', 'c/f/1', 'c/g/5']);
  });
});
