import type { Filter, StartingPoint } from '@sluice/protocol';
import fc from 'fast-check';
import type { Follower } from './follower.ts';
import { CHANNEL_NAMES, type ChannelName, type Model } from './model.ts';

/** One step of a scenario. */
export interface Step {
  readonly text: string;
  run(model: Model): void;
}

/** Steps refer to channels and followers by number. A scenario has few of them, so that steps interact. */
const channel = fc.nat(11);
const who = fc.nat(11);
/** Small messages, larger ones that fill a buffer together, and rarely one that fills it alone. */
const size = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 100 }) },
  { weight: 3, arbitrary: fc.integer({ min: 500, max: 3_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(9_000, 20_000) },
);
const count = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 6 }) },
  { weight: 1, arbitrary: fc.integer({ min: 30, max: 200 }) },
);

function nth<T>(items: readonly T[], at: number): T {
  const item = items[at % items.length];
  if (item === undefined) throw new Error('the list is empty');
  return item;
}

/** Returns the follower after connecting it. */
function follower(model: Model, at: number): Follower {
  const found = nth(model.followers, at);
  model.connect(found);
  return found;
}

/** A step with its text. */
export const step = (text: string, run: (model: Model) => void): Step => ({ text, run });

/** A step on a channel. */
function onChannel<T>(
  others: fc.Arbitrary<T>,
  make: (others: T) => [string, (model: Model, name: ChannelName) => void],
) {
  return fc.tuple(channel, others).map(([at, rest]) => {
    const [text, run] = make(rest);
    return step(`${text} [channel ${at}]`, (model) => run(model, nth(model.channels, at)));
  });
}

/** Most messages do not expire. */
const ttl = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom(5, 4_000, 30_000) },
);

const publish = onChannel(fc.record({ count, size, ttl }), (what) => [
  `publish ${what.count} x ${what.size} B${what.ttl === undefined ? '' : ` for ${what.ttl} ms`}`,
  (model, name) => model.publish(name, what),
]);

const publishAsFollower = onChannel(
  fc.record({ who, size, key: fc.option(fc.nat(2), { nil: undefined }) }),
  ({ who: at, size: bytes, key }) => [
    `${at} publishes ${bytes} B${key === undefined ? '' : ` with key ${key}`}`,
    (model, name) => {
      follower(model, at).send({
        type: 'publish',
        channel: name,
        data: model.data(bytes),
        ...(key === undefined ? {} : { key: `k${key}` }),
      });
    },
  ],
);

type Start =
  | { kind: 'now' }
  | { kind: 'rewind'; n: number }
  | { kind: 'since'; ago: number }
  | { kind: 'back'; n: number }
  | { kind: 'ahead'; n: number }
  | { kind: 'foreign'; n: number };

const start: fc.Arbitrary<Start> = fc.oneof(
  fc.constant<Start>({ kind: 'now' }),
  fc.nat(30).map((n): Start => ({ kind: 'rewind', n })),
  fc.integer({ min: -10_000, max: 120_000 }).map((ago): Start => ({ kind: 'since', ago })),
  fc.nat(30).map((n): Start => ({ kind: 'back', n })),
  fc.integer({ min: 1, max: 5 }).map((n): Start => ({ kind: 'ahead', n })),
  fc.nat(100).map((n): Start => ({ kind: 'foreign', n })),
);

function startingPoint(model: Model, name: ChannelName, from: Start): StartingPoint {
  const { epoch, head } = model.chaos.read(name, 0, 0);
  if (from.kind === 'rewind') return { rewind: from.n };
  if (from.kind === 'since') return { since: model.clock.now() - from.ago };
  if (from.kind === 'back') return { position: { epoch, offset: Math.max(0, head - from.n) } };
  // Positions that this log never had, only on channels that may have gaps.
  if (from.kind === 'ahead' && name !== 'safe') return { position: { epoch, offset: head + from.n } };
  if (from.kind === 'foreign' && name !== 'safe') return { position: { epoch: 'foreign', offset: from.n } };
  return {};
}

/** The default subscription, or a second one on the same connection. */
const sub = fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constant(7) });
const named = (id: number | undefined): string => (id === undefined ? '' : ` with sub ${id}`);

/** No filter, and filters that many, few and no messages match. The model's messages have the tag `key`, 1 to 3 or none. */
const filter: fc.Arbitrary<Filter | undefined> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Filter>(
      { tags: { key: '1' } },
      { tags: { key: ['1', '2'] } },
      { tags: { key: { gt: 1 } } },
      { tags: { key: { exists: false } } },
      { from: '2' },
      { tags: { other: '1' } },
    ),
  },
);

const subscribe = onChannel(
  fc.record({ who, start, sub, filter }),
  ({ who: at, start: from, sub: id, filter: only }) => [
    `${at} subscribes from ${JSON.stringify(from)}${named(id)}${only === undefined ? '' : ` with ${JSON.stringify(only)}`}`,
    (model, name) =>
      follower(model, at).subscribe(name, startingPoint(model, name, from), {
        ...(id === undefined ? {} : { sub: id }),
        ...(only === undefined ? {} : { filter: only }),
      }),
  ],
);

const unsubscribe = onChannel(fc.record({ who, sub }), ({ who: at, sub: id }) => [
  `${at} unsubscribes${named(id)}`,
  (model, name) => follower(model, at).unsubscribe(name, id),
]);

const history = onChannel(who, (at) => [
  `${at} reads the history`,
  (model, name) => follower(model, at).send({ type: 'history', channel: name }),
]);

const loss = onChannel(fc.integer({ min: 1, max: 4 }), (times) => [
  `${times} announcements get lost`,
  (model, name) => model.chaos.lose(name, times),
]);

const restart = onChannel(fc.constant(undefined), () => [
  'the log begins a new epoch',
  (model, name) => {
    if (name !== 'safe') model.chaos.restart(name);
  },
]);

const onSocket = (text: string, act: (socket: NonNullable<Follower['socket']>) => void) =>
  who.map((at) =>
    step(`${at} ${text}`, (model) => {
      model.transport.step();
      const { socket } = follower(model, at);
      if (socket !== undefined) act(socket);
    }),
  );

const pass = fc
  .constantFrom(10, 5_000, 40_000, 300_000, 5_000_000)
  .map((ms) => step(`${ms} ms pass`, (model) => model.clock.advance(ms)));

const STEPS: readonly { weight: number; arbitrary: fc.Arbitrary<Step> }[] = [
  { weight: 14, arbitrary: publish },
  { weight: 6, arbitrary: publishAsFollower },
  { weight: 8, arbitrary: subscribe },
  { weight: 2, arbitrary: unsubscribe },
  { weight: 1, arbitrary: history },
  { weight: 5, arbitrary: onSocket('stalls', (socket) => socket.stall()) },
  { weight: 2, arbitrary: onSocket('reads on', (socket) => socket.unstall()) },
  { weight: 3, arbitrary: onSocket('reads a little', (socket) => socket.read(3_000)) },
  { weight: 1, arbitrary: onSocket('disconnects', (socket) => socket.cut()) },
  { weight: 14, arbitrary: fc.constant(step('turn', (model) => model.turn())) },
  { weight: 4, arbitrary: fc.constant(step('loop', (model) => model.transport.step())) },
  { weight: 5, arbitrary: fc.constant(step('settle', (model) => model.settle())) },
  { weight: 2, arbitrary: pass },
  { weight: 1, arbitrary: loss },
  { weight: 1, arbitrary: restart },
];

/** A scenario: some channels, some followers, and what happens to them. */
export interface Scenario {
  readonly channels: readonly ChannelName[];
  readonly followers: number;
  readonly steps: readonly Step[];
}

/**
 * Makes scenarios.
 *
 * @param most steps of one scenario
 * @param more further kinds of steps
 */
export function scenarios(most: number, more: typeof STEPS = []): fc.Arbitrary<Scenario> {
  return fc
    .record({
      channels: fc.subarray([...CHANNEL_NAMES], { minLength: 1, maxLength: 3 }),
      followers: fc.integer({ min: 1, max: 4 }),
      steps: fc.array(fc.oneof(...STEPS, ...more), { maxLength: most, size: 'max' }),
    })
    .map((made) => ({ ...made, [fc.toStringMethod]: () => print(made) }));
}

function print({ channels, followers, steps }: Scenario): string {
  const list = steps.map(({ text }) => `\n  ${text}`).join('');
  return `${followers} followers, channels ${channels.join()}:${list}\n`;
}
