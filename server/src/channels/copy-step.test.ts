import { canonical, type Filter, type Message, matches } from '@sluice/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PROGRAM } from '../auth/identity.ts';
import { parseConfig } from '../config/schema.ts';
import { type AppendOptions, EngineUnavailable, type Entry, type Log } from '../engine/engine.ts';
import { MemoryEngine } from '../engine/memory/memory-engine.ts';
import { EventBus } from '../events.ts';
import { Refusal } from '../refusal.ts';
import { ManualClock } from '../util/clock.ts';
import { Ids } from '../util/ids.ts';
import { Door } from './door.ts';
import { Rules } from './rules.ts';

const FAILED: Filter = { event: 'failed' };
const history = { count: 10_000 };
const { channels } = parseConfig({
  anonymous: true,
  channels: {
    'a:{x}': { history },
    'b:{x}': { history },
    all: { history, bind: ['a:*', 'b:*'] },
    failed: { history, bind: [{ channel: 'a:*', where: FAILED }] },
    'of:{x}': { history, bind: ['a:{x}'] },
  },
});

interface Publish {
  readonly channel: string;
  readonly event: string;
  readonly key?: string;
  /** In a source that delivers it. */
  readonly position?: string;
}

const publishes = fc.array(
  fc.record({
    channel: fc.constantFrom('a:1', 'a:2', 'b:1', 'all'),
    event: fc.constantFrom('failed', 'done'),
    key: fc.constantFrom('k1', 'k2', 'k3', 'k4'),
  }),
  { maxLength: 30 },
);

/** What an append does: it succeeds, fails, or succeeds while its answer is lost. */
const fate = fc.constantFrom('fine', 'fine', 'fails', 'lost');

function setUp(wrap: (log: Log) => Log = (log) => log, rules = channels) {
  const clock = new ManualClock();
  const engine = new MemoryEngine({ clock });
  engine.start({ deliver: () => {} });
  const door = new Door({
    ...{ rules: new Rules(rules), log: wrap(engine), events: new EventBus(), clock },
    ids: new Ids(),
  });
  const publish = ({ channel, event, key, position }: Publish) => {
    const source = position === undefined ? {} : { source: { name: 'in', partition: '0', position } };
    const draft = { data: null, event, ...(key !== undefined && { key }) };
    return door.publish({ channel, draft, by: PROGRAM, allowance: null, ...source });
  };
  const read = (channel: string): readonly Message[] =>
    engine.read(channel, 0, 1_000).messages.map(({ message }) => message);
  return { publish, read, clock };
}

/** A log that answers later and appends no copies, such as that of Redis. */
const later = (log: Log): Log => ({
  ...{ read: log.read.bind(log), seek: log.seek.bind(log), watch: () => {}, unwatch: () => {} },
  append: async (channel: string, entry: Entry, options: AppendOptions) => log.append(channel, entry, options),
});

const originOf = ({ origin, offset }: Message, channel: string): string =>
  `${origin?.channel ?? channel} ${origin?.offset ?? offset}`;

/** The messages that a bound channel must have, by the logs of its sources. */
function expectedIn(bound: string, read: (channel: string) => readonly Message[]): string[] {
  const sources = { all: ['a:1', 'a:2', 'b:1'], failed: ['a:1', 'a:2'], 'of:1': ['a:1'], 'of:2': ['a:2'] }[bound] ?? [];
  const wanted = canonical(bound === 'failed' ? FAILED : {});
  return sources.flatMap((channel) =>
    read(channel)
      .filter((message) => matches(wanted, message, channel))
      .map((message) => originOf(message, channel)),
  );
}

const BOUND = ['all', 'failed', 'of:1', 'of:2'];

/** The copies in a bound channel; what was published to it directly has no origin. */
const copiesIn = (bound: string, read: (channel: string) => readonly Message[]): string[] =>
  read(bound).flatMap((message) => (message.origin === undefined ? [] : [originOf(message, bound)]));

describe('a bound channel', () => {
  it('has every message of its sources once, in their order', () => {
    fc.assert(
      fc.property(publishes, (all) => {
        const { publish, read } = setUp();
        for (const each of all) expect(publish(each)).not.toBeInstanceOf(Refusal);
        for (const bound of BOUND) {
          const copies = copiesIn(bound, read);
          expect([...copies].sort()).toEqual(expectedIn(bound, read).sort());
          for (const source of ['a:1', 'a:2', 'b:1']) {
            const own = copies.filter((copy) => copy.startsWith(`${source} `));
            expect(own).toEqual(expectedIn(bound, read).filter((copy) => copy.startsWith(`${source} `)));
          }
        }
      }),
    );
  });

  it.each([
    ['keys', (each: Publish) => each],
    ['positions of a source', ({ channel, event }: Publish, at: number) => ({ channel, event, position: `${at}` })],
  ])(
    'has every message once, although appends fail or their answers are lost, if publishes are repeated with their %s',
    async (_, form) => {
      await fc.assert(
        fc.asyncProperty(publishes, fc.array(fate, { minLength: 1, maxLength: 20 }), async (all, fates) => {
          let at = 0;
          const { publish, read } = setUp((log) => ({
            ...{ read: log.read.bind(log), seek: log.seek.bind(log), watch: () => {}, unwatch: () => {} },
            append: async (channel: string, entry: Entry, options: AppendOptions) => {
              const next = at < 60 ? fates[at++ % fates.length] : 'fine';
              if (next === 'fails') throw new EngineUnavailable('it fails');
              const result = log.append(channel, entry, options);
              if (next === 'lost') throw new EngineUnavailable('the answer is lost');
              return result;
            },
          }));
          for (const [index, each] of all.entries()) while ((await publish(form(each, index))) instanceof Refusal);
          for (const bound of BOUND) expect(copiesIn(bound, read).sort()).toEqual(expectedIn(bound, read).sort());
        }),
      );
    },
  );

  it.each([
    ['before', 'jobs-1', 'jobs-2'],
    ['behind', 'jobs-2', 'jobs-1'],
  ])('gets its copies although a queue %s it is full', async (_, full, other) => {
    const queue = { queue: { maxLength: 1 }, bind: ['a:*'] };
    const { channels: rules } = parseConfig({
      anonymous: true,
      channels: { 'a:{x}': { history }, [full]: queue, [other]: { ...queue, queue: { maxLength: 9 } } },
    });
    const { publish, read } = setUp(undefined, rules);
    const outcomes = [1, 2, 3].map((n) => publish({ channel: 'a:1', event: 'done', key: `k${n}` }));
    expect(outcomes.map((outcome) => outcome instanceof Refusal && outcome.error)).toEqual([
      false,
      'queue_full',
      'queue_full',
    ]);
    expect(copiesIn(full, read)).toEqual(['a:1 1']);
    expect(copiesIn(other, read)).toEqual(['a:1 1', 'a:1 2', 'a:1 3']);
  });

  describe.each([
    ['appends copies with the message', (log: Log) => log],
    ['appends copies later', later],
  ])('of a log that %s', (_, wrap) => {
    it.each([
      ['a source that remembers keys for long', { source: '1h', target: '2s' }, { every: 1_000, times: 20 }],
      ['a source that remembers keys for less than the publisher tries', {}, { every: 30_000, times: 26 }],
      ['a target that remembers keys for long', { target: '1h' }, { every: 30_000, times: 26 }],
      ['a target that remembers no keys', { target: '0s' }, { every: 30_000, times: 26 }],
    ])('has a message of %s once, although another queue stays full', async (_, dedupe, { every, times }) => {
      const { source = '5m', target = '5m' } = dedupe as { source?: string; target?: string };
      const bind = ['a:*'];
      const { channels: rules } = parseConfig({
        anonymous: true,
        channels: {
          'a:{x}': { history, dedupe: source },
          pay: { queue: {}, dedupe: target, bind },
          log: { history, dedupe: target, bind },
          full: { queue: { maxLength: 1 }, bind },
        },
      });
      const { publish, read, clock } = setUp(wrap, rules);
      await publish({ channel: 'a:2', event: 'fills the queue' });
      for (let attempt = 0; attempt < times; attempt++) {
        expect(await publish({ channel: 'a:1', event: 'paid', key: 'k' })).toMatchObject({ error: 'queue_full' });
        clock.advance(every);
      }
      expect(read('a:1')).toHaveLength(1);
      for (const bound of ['pay', 'log']) expect(copiesIn(bound, read)).toEqual(['a:2 1', 'a:1 1']);
      clock.advance(3_600_000);
      await publish({ channel: 'a:1', event: 'another payment', key: 'k' });
      expect(copiesIn('pay', read)).toEqual(['a:2 1', 'a:1 1', 'a:1 2']);
    });
  });

  it('is refused once, without a fault elsewhere, if one append throws and another rejects', async () => {
    const append = (channel: string, { id }: Entry) => {
      if (channel === 'all') throw new EngineUnavailable('it throws');
      if (channel === 'a:1') return { id, epoch: 'e', offset: 1 };
      return Promise.reject(new EngineUnavailable('it rejects'));
    };
    const { publish } = setUp((log) => ({
      ...{ read: log.read.bind(log), seek: log.seek.bind(log), watch: () => {}, unwatch: () => {} },
      append: append as Log['append'],
    }));
    expect(await publish({ channel: 'a:1', event: 'failed', key: 'k' })).toMatchObject({ error: 'unavailable' });
    await new Promise(setImmediate); // an unhandled rejection would fail this test
  });
});
