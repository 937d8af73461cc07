import type { InboundBridge, InboundMessage, InboundOutcome } from '@sluice/server/bridging';
import { describe, expect, it } from 'vitest';
import { all, done, later, never, outcomes, ScriptHost } from '../test/support/script-host.ts';
import type { Source, SourceRecord } from './source.ts';
import { SourceRunner } from './source-runner.ts';

const record = (n: number, more: Partial<SourceRecord> = {}): SourceRecord => ({
  once: { partition: 'p', position: `${n}` },
  ...{ topic: 't', subject: 't', key: undefined, headers: {}, body: Buffer.from(`${n}`) },
  ...more,
});

/** A broker with these records. When there are no more, the bridge stops. */
class Broker implements Source {
  readonly acknowledged: unknown[][] = [];
  readonly held: unknown[][] = [];
  opened = 0;
  closed = 0;
  readonly #batches: (readonly SourceRecord[] | Error)[];
  readonly #host: ScriptHost;
  readonly #forgets: boolean;

  constructor(host: ScriptHost, batches: readonly (readonly SourceRecord[] | Error)[], forgets: boolean) {
    this.#host = host;
    this.#forgets = forgets;
    this.#batches = [...batches];
  }

  async open() {
    this.opened++;
    const numbers = (records: readonly SourceRecord[]) => records.map(({ body }) => Buffer.from(body).toString());
    return {
      forgets: this.#forgets,
      read: async () => this.#next(),
      acknowledge: async (records: readonly SourceRecord[]) => void this.acknowledged.push(numbers(records)),
      hold: async (records: readonly SourceRecord[]) => void this.held.push(numbers(records)),
      close: async () => {
        this.closed++;
      },
    };
  }

  #next(): readonly SourceRecord[] {
    const batch = this.#batches.shift();
    if (batch instanceof Error) throw batch;
    if (batch === undefined) this.#host.stop.abort();
    return batch ?? [];
  }
}

async function run(
  host: ScriptHost,
  batches: readonly (readonly SourceRecord[] | Error)[],
  options: Partial<InboundBridge> = {},
): Promise<Broker> {
  const broker = new Broker(host, batches, options.from?.forgets === true);
  const config = {
    ...{ name: 'b', origin: 'here', inFlight: 10, poison: { kind: 'deadLetter', channel: 'dead' } },
    ...{ to: { channel: 'c', data: 'json' }, ...options },
  } as InboundBridge;
  await new SourceRunner({ config, host, source: broker }).run(host.stop.signal);
  return broker;
}

describe('a record', () => {
  it('is published with the bytes that it arrived in; a dead letter is measured', async () => {
    const arrived: (number | undefined)[] = [];
    const note = (messages: readonly InboundMessage[]) => {
      arrived.push(...messages.map((message) => message.arrived));
      return all(messages);
    };
    const ids = [1, 2].map((n) => record(n, { once: { id: `${n}` } }));
    await run(new ScriptHost([note]), [[record(100), ...ids, record(0, { body: Buffer.from('{') })]]);
    expect(arrived).toEqual([5, 3, 3, undefined]);
  });

  it('is acknowledged once it and all before it are in the log', async () => {
    const host = new ScriptHost([outcomes(done, later, done), outcomes(done)]);
    const broker = await run(host, [[1, 2, 3].map((n) => record(n))]);
    expect(host.published).toEqual([[1, 2, 3], [2]]);
    expect(broker.acknowledged).toEqual([['1'], ['2', '3']]);
    expect(broker.held).toEqual([['2', '3']]);
    expect(host.states).toEqual(['connecting', 'running', 'holding: unavailable: away', 'running']);
    expect(host.counts).toEqual({ published: 3 });
  });

  it('with several messages: only those are published again that were refused', async () => {
    const host = new ScriptHost([outcomes(done, later), outcomes(done)]);
    const body = Buffer.from('{"method":"broadcast","payload":{"channels":["a","b"],"data":1}}');
    const broker = await run(host, [[record(1, { body })]], { to: { channel: 'c', data: 'centrifugo' } });
    expect(host.published).toEqual([[1, 1], [1]]);
    expect(broker.acknowledged).toHaveLength(1);
  });

  it('is not acknowledged if the bridge stops while the gateway accepts nothing', async () => {
    const host = new ScriptHost([outcomes(later)]);
    const broker = await run(host, [[record(1)]]);
    expect(host.published).toHaveLength(2);
    expect([broker.acknowledged, broker.closed]).toEqual([[], 1]);
  });

  it.each<[string, SourceRecord, unknown[]]>([
    [
      'of this gateway from the channel',
      record(1, { headers: { 'sluice-origin': 'here', 'sluice-channel': 'c' } }),
      [],
    ],
    [
      'of this gateway from a channel with a copy of it',
      record(1, { headers: { 'sluice-origin': 'here', 'sluice-channel': 'all' } }),
      [],
    ],
    ['of another channel', record(1, { headers: { 'sluice-origin': 'here', 'sluice-channel': 'd' } }), [1]],
    ['of another gateway', record(1, { headers: { 'sluice-origin': 'there', 'sluice-channel': 'c' } }), [1]],
  ])('%s: does it come back?', async (_, from, published) => {
    const host = new ScriptHost([all]);
    host.copies.c = ['all'];
    const broker = await run(host, [[from]]);
    expect(host.published.flat()).toEqual(published);
    if (published.length === 0) expect(host.reports[0]).toMatch(/^returned: t, position 1: sent by "here" from "/);
    expect(host.counts).toEqual(published.length === 0 ? { returned: 1 } : { published: 1 });
    expect(broker.acknowledged).toEqual([['1']]);
  });
});

it('a message from another gateway has the tag that recognises it when it comes back', async () => {
  const tags: unknown[] = [];
  const note = (messages: readonly InboundMessage[]) => {
    tags.push(...messages.map(({ draft }) => draft.tags));
    return all(messages);
  };
  const headers = { 'sluice-origin': 'there', 'sluice-channel': 'c', region: 'eu' };
  const to = { channel: 'c', data: 'json', tags: { region: '{header:region}' } } as const;
  await run(new ScriptHost([note]), [[record(1, { headers }), record(2, { headers: { region: 'us' } })]], { to });
  expect(tags).toEqual([{ region: 'eu', 'x-via': expect.any(String) }, { region: 'us' }]);
});

describe('poison', () => {
  const bad = record(2, { body: Buffer.from('{') });
  const reasons = (host: ScriptHost) =>
    host.published.flat().map((data) => (data as { reason?: string }).reason ?? data);

  it('becomes a dead letter in its place, and is acknowledged then', async () => {
    const host = new ScriptHost([all]);
    const broker = await run(host, [[record(1), bad, record(3)]]);
    expect(reasons(host)).toEqual([1, 'the body is not JSON', 3]);
    expect(broker.acknowledged).toEqual([['1', '{', '3']]);
    expect(host.counts).toEqual({ published: 2, dead_lettered: 1 });
  });

  it.each<[string, Partial<SourceRecord>, string]>([
    ['no id', { once: { id: null } }, 'the message has no id'],
    ['a fault of its own', { fault: 'it was compressed' }, 'it was compressed'],
  ])('is a record with %s', async (_, more, reason) => {
    const host = new ScriptHost([all]);
    await run(host, [[record(1, more)]]);
    expect(reasons(host)).toEqual([expect.stringContaining(reason)]);
  });

  it('is what the gateway refuses for good', async () => {
    const host = new ScriptHost([outcomes(done, never), all]);
    const broker = await run(host, [[record(1), record(2)]]);
    expect(reasons(host)).toEqual([1, 2, 'payload_invalid: wrong']);
    expect(broker.acknowledged).toEqual([['1'], ['2']]);
    expect(host.states).not.toContain('holding');
  });

  it('waits as a dead letter while the gateway accepts nothing', async () => {
    const host = new ScriptHost([outcomes(later), all]);
    const broker = await run(host, [[bad]]);
    expect(host.published).toHaveLength(2);
    expect([broker.acknowledged, host.counts]).toEqual([[['{']], { dead_lettered: 1 }]);
  });

  it('stops the bridge if its dead letter is refused for good', async () => {
    const host = new ScriptHost([outcomes(never)]);
    const broker = await run(host, [[bad]]);
    expect(host.states.at(-1)).toMatch(/^failed: a dead letter was refused: wrong\./);
    expect(host.logged.at(-1)).toMatch(/^a dead letter was refused: payload_invalid\. Correct the rule/);
    expect([broker.acknowledged, broker.opened, broker.closed]).toEqual([[], 1, 1]);
  });

  it('stops the bridge, if it shall, after what came before it', async () => {
    const host = new ScriptHost([outcomes(done)]);
    const broker = await run(host, [[record(1), bad]], { poison: { kind: 'stop' } });
    expect(host.states.at(-1)).toMatch(/^failed: t, position 2: the body is not JSON\. Correct the message/);
    expect([host.published, broker.acknowledged]).toEqual([[[1]], [['1']]]);
  });

  it('stops the bridge, if it shall, also if the gateway refuses it: what came before it is acknowledged', async () => {
    const host = new ScriptHost([outcomes(done, done, never, later)]);
    const broker = await run(host, [[1, 2, 3, 4].map((n) => record(n))], { poison: { kind: 'stop' } });
    expect(host.states.at(-1)).toMatch(/^failed: t, position 3: payload_invalid: wrong\. Correct the message/);
    // The fault may quote the data, so the log has only its name. The state of the bridge has all of it.
    expect(host.logged.at(-1)).toMatch(/^t, position 3: payload_invalid\. Correct the message/);
    expect(broker.acknowledged).toEqual([['1', '2']]);
    expect(host.counts).toEqual({ published: 2 });
  });

  it.each<[string, SourceRecord[], readonly InboundOutcome[]]>([
    ['cannot be mapped', [record(1), bad, record(3)], [later]],
    ['is refused by the gateway', [record(1), record(2), record(3)], [later, never, later]],
  ])('stops the bridge, if it shall, once what came before it was published: it %s', async (_, records, first) => {
    const host = new ScriptHost([outcomes(...first), outcomes(done)]);
    const broker = await run(host, [records], { poison: { kind: 'stop' } });
    expect(host.published.at(-1)).toEqual([1]);
    expect(broker.acknowledged).toEqual([['1']]);
    expect(host.states.at(-1)).toMatch(/^failed: t, position 2: /);
  });

  it('does not stop a bridge that was stopped before it had published what came before', async () => {
    const host = new ScriptHost([]);
    const broker = await run(host, [[record(1), bad]], { poison: { kind: 'stop' } });
    expect(host.states.filter((state) => state.startsWith('failed'))).toEqual([]);
    expect(broker.acknowledged).toEqual([]);
  });

  it('is skipped, if it shall', async () => {
    const host = new ScriptHost([all]);
    const broker = await run(host, [[bad, record(1)]], { poison: { kind: 'skip' } });
    expect(broker.acknowledged).toEqual([['{', '1']]);
    expect(host.counts).toEqual({ skipped: 1, published: 1 });
    expect(host.reports).toEqual(['skipped: t, position 2: the body is not JSON']);
  });

  it.each<[InboundBridge['poison'], string]>([
    [{ kind: 'skip' }, 'skipped'],
    [{ kind: 'deadLetter', channel: 'dead' }, 'dead_lettered'],
  ])('is reported with its place and its reason, without what the reason may repeat: %o', async (poison, outcome) => {
    const unknown = { refused: { error: 'channel_unknown', detail: 'no rule', retryable: false } } as const;
    const host = new ScriptHost([outcomes(never, unknown), all]);
    await run(host, [[record(1), record(2, { once: { id: 'm2' } })]], { poison });
    expect(host.reports).toEqual([
      `${outcome}: t, position 1: payload_invalid`,
      `${outcome}: t, message m2: channel_unknown: no rule`,
    ]);
  });
});

describe('what was read and not published, if nobody delivers it again,', () => {
  const forgetful = (
    host: ScriptHost,
    batches: readonly (readonly SourceRecord[])[],
    poison?: InboundBridge['poison'],
  ) => run(host, batches, { ...(poison && { poison }), from: { forgets: true } });

  it('is counted as lost when the bridge stops while the gateway accepts nothing', async () => {
    const host = new ScriptHost([outcomes(done, later, later)]);
    await forgetful(host, [[1, 2, 3].map((n) => record(n))]);
    expect(host.counts).toEqual({ published: 1, lost: 2 });
  });

  it('is counted as lost when it stops the bridge', async () => {
    const host = new ScriptHost([outcomes(done)]);
    await forgetful(host, [[record(1), record(2, { body: Buffer.from('{') }), record(3)]], { kind: 'stop' });
    expect(host.counts).toEqual({ published: 1, lost: 2 });
  });

  it('is not counted if all of it is published, or dead', async () => {
    const host = new ScriptHost([all]);
    await forgetful(host, [[record(1), record(2, { body: Buffer.from('{') })]]);
    expect(host.counts).toEqual({ published: 1, dead_lettered: 1 });
  });

  it('is not counted if the broker delivers it again', async () => {
    const host = new ScriptHost([outcomes(later)]);
    await run(host, [[record(1)]]);
    expect(host.counts).toEqual({});
  });
});

describe('a record with several messages, of which one is refused for good', () => {
  const body = Buffer.from('{"method":"broadcast","payload":{"channels":["a","b","c"],"data":1}}');
  const several = record(1, { body });
  const to = { channel: 'c', data: 'centrifugo' } as const;

  it('is skipped only in this part', async () => {
    const host = new ScriptHost([outcomes(never, later, done), outcomes(done)]);
    const broker = await run(host, [[several]], { to, poison: { kind: 'skip' } });
    expect(host.published).toEqual([[1, 1, 1], [1]]);
    expect(host.counts).toEqual({ published: 2, skipped: 1 });
    expect(broker.acknowledged).toHaveLength(1);
  });

  it('has one dead letter, and its other messages are published later', async () => {
    const host = new ScriptHost([outcomes(never, later, never), outcomes(later, done), outcomes(never)]);
    const broker = await run(host, [[several]], { to });
    const reason = 'payload_invalid: wrong';
    expect(host.published).toMatchObject([[1, 1, 1], [1, { reason }], [1]]);
    expect(host.counts).toEqual({ dead_lettered: 1 });
    expect(broker.acknowledged).toHaveLength(1);
  });
});

it('a body that is far larger than any channel accepts is poison, and not parsed', async () => {
  const fits = Buffer.from(`${' '.repeat(6 * 100_000 + 65_536 - 1)}1`);
  const host = new ScriptHost([all]);
  await run(host, [[record(1, { body: fits }), record(2, { body: Buffer.concat([fits, Buffer.from(' ')]) })]]);
  expect(host.published).toMatchObject([[1, { reason: 'the body has 665537 bytes, which no channel accepts' }]]);
});

describe('a dead letter', () => {
  const bad = record(2, { body: Buffer.from('{'.repeat(100_000)) });
  const tooLarge = { refused: { error: 'payload_too_large', detail: 'too large', retryable: false } } as const;
  /** A channel for dead letters that accepts this number of bytes. */
  const accepting = (most: number) => (messages: readonly InboundMessage[]) =>
    messages.map(({ draft }) => (Buffer.byteLength(JSON.stringify(draft.data)) > most ? tooLarge : done));

  it.each([100_000, 10_000, 4_096])('fits a channel that accepts %i bytes', async (most) => {
    const host = new ScriptHost(Array.from({ length: 3 }, () => accepting(most)));
    const broker = await run(host, [[record(1), bad, record(3)]]);
    expect(host.counts).toEqual({ published: 2, dead_lettered: 1 });
    expect(broker.acknowledged.flat()).toHaveLength(3);
    expect(host.states).not.toContain('holding');
  });

  it('that no channel of the kind can accept stops the bridge', async () => {
    const host = new ScriptHost(Array.from({ length: 3 }, () => accepting(10)));
    const broker = await run(host, [[bad]]);
    expect(host.states.at(-1)).toMatch(/^failed: a dead letter was refused: too large\./);
    expect(broker.acknowledged).toEqual([]);
  });

  it('of the first record of a batch is published at once', async () => {
    const host = new ScriptHost([outcomes(never, later), outcomes(done, done)]);
    await run(host, [[record(1), record(2)]]);
    expect(host.states).toEqual(['connecting', 'running', 'running']);
    expect(host.pauses).not.toContain(1_000);
  });
});

it('a bridge pauses for longer after each failure, and shortly again once a batch is acknowledged', async () => {
  const host = new ScriptHost([all]);
  const lost = new Error('lost');
  const broker = await run(host, [lost, lost, lost, [record(1)], lost, lost]);
  expect(host.pauses.slice(0, 5)).toEqual([250, 500, 1_000, 250, 500]);
  expect([broker.opened, broker.closed]).toEqual([6, 6]);
});

it('a bridge pauses for longer each time its broker refuses an acknowledgement', async () => {
  const host = new ScriptHost(Array.from({ length: 4 }, () => all));
  let attempts = 0;
  const acknowledge = async () => {
    attempts++;
    if (attempts === 4) host.stop.abort();
    throw new Error('permission denied');
  };
  const config = { name: 'b', inFlight: 1, poison: { kind: 'skip' }, to: { channel: 'c', data: 'json' } };
  const open = async () => ({ read: async () => [record(1)], acknowledge, close: async () => {} });
  await new SourceRunner({ config: config as unknown as InboundBridge, host, source: { open } }).run(host.stop.signal);
  expect(host.pauses.slice(0, 3)).toEqual([250, 500, 1_000]);
});
