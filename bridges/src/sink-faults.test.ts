import type { OutboundBridge } from '@sluice/server/bridging';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChannelModel } from '../test/support/channel-model.ts';
import type { OnConfirmed, Sink, SinkRecord } from './sink.ts';
import { SinkRunner } from './sink-runner.ts';
import { TooLarge } from './too-large.ts';
import { Unroutable } from './unroutable.ts';

const IN_FLIGHT = 16;

/** What a broker does with a batch that it gets, besides what it does with each record. */
type Fault = 'none' | 'lost before' | 'lost between' | 'lost after';

interface BrokerOptions {
  readonly overlaps: boolean;
  /** Does it say which records of a batch it has confirmed when others are refused? */
  readonly reports: boolean;
  readonly faults: readonly Fault[];
  /** Offsets of messages that are refused so often, because nothing accepts them. */
  readonly unroutable?: ReadonlyMap<number, number>;
  /** Offsets of messages that are too large. */
  readonly tooLarge?: ReadonlySet<number>;
  /** Are records refused that stand for messages? */
  readonly refusesNotices?: boolean;
}

/** A broker in memory with faults. */
class Broker {
  readonly attributePrefix = 'ce_';
  readonly overlaps: boolean;
  readonly stored: SinkRecord[] = [];
  /** Batches that failed. */
  failures = 0;
  readonly #options: BrokerOptions;
  readonly #faults: Fault[];
  readonly #unroutable: Map<number, number>;

  constructor(options: BrokerOptions) {
    this.#options = options;
    this.overlaps = options.overlaps;
    this.#faults = [...options.faults];
    this.#unroutable = new Map(options.unroutable);
  }

  async open() {
    return {
      send: (records: readonly SinkRecord[], confirmed: OnConfirmed = () => {}) => this.#send(records, confirmed),
      close: async () => {},
    };
  }

  async #send(records: readonly SinkRecord[], confirmed: OnConfirmed): Promise<void> {
    const fault = this.#faults.shift() ?? 'none';
    const stored =
      fault === 'lost before' ? [] : [...records.entries()].slice(0, fault === 'lost between' ? 3 : undefined);
    const large: SinkRecord[] = [];
    const refused: SinkRecord[] = [];
    const accepted: number[] = [];
    for (const [at, record] of stored) {
      if (this.#isTooLarge(record)) large.push(record);
      else if (this.#isUnroutable(record)) refused.push(record);
      else {
        this.stored.push(record);
        accepted.push(at);
      }
    }
    await new Promise(setImmediate); // the broker answers later
    const error = this.#errorOf({ fault, large, refused });
    if (error !== undefined) this.failures++;
    if (error === undefined || (this.#options.reports && fault !== 'lost after'))
      for (const at of accepted) confirmed(at);
    if (error !== undefined) throw error;
  }

  #errorOf({
    fault,
    large: [large],
    refused: [refused, ...others],
  }: {
    readonly fault: Fault;
    readonly large: readonly SinkRecord[];
    readonly refused: readonly SinkRecord[];
  }): Error | undefined {
    if (fault !== 'none') return new Error('the connection was lost');
    if (large !== undefined) return new TooLarge([large], 'it accepts less');
    return refused === undefined ? undefined : new Unroutable([refused, ...others], 'nothing accepts it');
  }

  #isTooLarge({ id, offset }: SinkRecord): boolean {
    return /\d$/.test(id) && this.#options.tooLarge?.has(offset) === true;
  }

  #isUnroutable({ id, offset }: SinkRecord): boolean {
    if (!/\d$/.test(id)) return this.#options.refusesNotices === true;
    const left = this.#unroutable.get(offset) ?? 0;
    if (left > 0) this.#unroutable.set(offset, left - 1);
    return left > 0;
  }

  /** Offsets of the messages that it has, in its order. */
  get offsets(): readonly number[] {
    return this.stored.filter(({ id }) => /\d$/.test(id)).map(({ offset }) => offset);
  }
}

async function run(host: ChannelModel, broker: Broker, to: object = {}): Promise<void> {
  const config = {
    ...{ origin: 'here', envelope: 'raw', from: { channel: 'c' }, to, inFlight: IN_FLIGHT },
  } as unknown as OutboundBridge;
  await new SinkRunner({ config, host, sink: broker satisfies Sink }).run(host.stop.signal);
}

const count = (to: number) => Array.from({ length: to }, (_, at) => at + 1);

/** Only the last of each. */
const latest = (offsets: readonly number[]) => offsets.filter((offset, at) => offsets.lastIndexOf(offset) === at);

describe('a message that nothing accepts', () => {
  it.each([
    { overlaps: true, reports: true },
    { overlaps: true, reports: false },
    { overlaps: false, reports: true },
    { overlaps: false, reports: false },
  ])('repeats at most twice as many neighbours as are in flight, however often it is tried: %j', async (kind) => {
    const host = new ChannelModel(100);
    const broker = new Broker({ ...kind, faults: [], unroutable: new Map([[41, 50]]) });
    await run(host, broker);
    expect(new Set(broker.offsets)).toEqual(new Set(count(100)));
    expect(latest(broker.offsets)).toEqual(count(100));
    expect(broker.failures).toBe(50);
    expect(broker.offsets.length - 100).toBeLessThanOrEqual(2 * IN_FLIGHT);
    expect(host.counts).toEqual({ sent: 100 });
  });
});

it.each([true, false])(
  'messages that nothing accepts are dead letters, if so configured: it overlaps: %s',
  async (overlaps) => {
    const host = new ChannelModel(60, [1]);
    const unroutable = new Map([1, 2, 10, 11, 12, 30, 60].map((offset) => [offset, 9]));
    const broker = new Broker({ overlaps, reports: true, faults: [], unroutable });
    await run(host, broker, { unroutable: 'deadLetter' });
    expect(broker.offsets).toEqual(count(60).filter((offset) => !unroutable.has(offset)));
    expect([...host.dead]).toEqual([...unroutable.keys()]);
    expect(host.counts).toEqual({ gap: 1, sent: 53, dead_lettered: 7 });
    // The others were confirmed: nothing fails.
    expect(host.states).toEqual(['connecting', 'running']);
  },
);

describe('records that stand for messages', () => {
  it('go where the message would, or the one behind them', async () => {
    const host = new ChannelModel(20, [5]);
    const broker = new Broker({ overlaps: true, reports: true, faults: [], tooLarge: new Set([7]) });
    await run(host, broker);
    const notices = broker.stored.filter(({ id }) => !/\d$/.test(id));
    expect(notices.map(({ id, route }) => [id, route])).toEqual([
      ['c/e/4/gap', { event: 'a', tags: { to: '2' }, source: undefined }],
      ['c/e/7/dead', { event: 'a', tags: { to: '1' }, source: undefined }],
    ]);
  });

  it.each([true, false])('hold nothing up if nothing accepts them: %s', async (overlaps) => {
    const host = new ChannelModel(20, [1, 5]);
    const broker = new Broker({ overlaps, reports: true, faults: [], tooLarge: new Set([7]), refusesNotices: true });
    await run(host, broker);
    expect(latest(broker.offsets)).toEqual(count(20).filter((offset) => offset !== 7));
    expect(host.counts).toEqual({ gap: 2, sent: 19, dead_lettered: 1, skipped: 3 });
    expect([...host.dead]).toEqual([7]);
  });
});

const anyFault = fc.constantFrom<Fault>('none', 'none', 'none', 'lost before', 'lost between', 'lost after');
const anyOffset = fc.integer({ min: 1, max: 60 });

it('every message arrives in order, and repeats are bounded, whatever fails', async () => {
  const anyOptions = fc.record({
    ...{ overlaps: fc.boolean(), reports: fc.boolean(), refusesNotices: fc.boolean() },
    faults: fc.array(anyFault, { maxLength: 30 }),
    unroutable: fc
      .array(fc.tuple(anyOffset, fc.integer({ min: 1, max: 5 })), { maxLength: 4 })
      .map((all) => new Map(all)),
    tooLarge: fc.array(anyOffset, { maxLength: 4 }).map((all) => new Set(all)),
  });
  const anyGaps = fc.uniqueArray(anyOffset, { maxLength: 4 });
  const anyEngine = fc.array(fc.boolean(), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(anyOptions, anyGaps, anyEngine, async (options, gaps, engine) => {
      const host = new ChannelModel(60, gaps);
      const failing = [...engine];
      let engineFailures = 0;
      host.onAcknowledge = () => {
        if (failing.shift() !== true) return;
        engineFailures++;
        throw new Error('the engine did not answer');
      };
      const broker = new Broker(options);
      await run(host, broker);
      const expected = count(60).filter((offset) => !options.tooLarge.has(offset));
      expect(latest(broker.offsets)).toEqual(expected);
      expect([...host.dead].toSorted((a, b) => a - b)).toEqual([...options.tooLarge].toSorted((a, b) => a - b));
      const repeats = broker.offsets.length - expected.length;
      expect(repeats).toBeLessThanOrEqual((broker.failures + engineFailures) * IN_FLIGHT);
      expect(host.counts.sent ?? 0).toBe(expected.length);
    }),
    { numRuns: 200 },
  );
});
