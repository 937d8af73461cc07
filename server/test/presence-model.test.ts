import { setImmediate as breathe } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { Crowd, STAGE_NAMES, type StageName } from './support/crowd.ts';
import type { Onlooker } from './support/onlooker.ts';

const RUNS = Number(process.env.SLUICE_MODEL_RUNS ?? 400);
const STEPS = 80;
const GUESTS = 40;

interface Step {
  readonly text: string;
  run(crowd: Crowd): void | Promise<void>;
}

const step = (text: string, run: Step['run']): Step => ({ text, run });

function nth<T>(items: readonly T[], at: number): T {
  const item = items[at % items.length];
  if (item === undefined) throw new Error('there is nothing to choose from');
  return item;
}

const who = fc.nat(4);
/** Scenarios have few channels, so that things meet. */
const stage = fc.nat(11);
const size = fc.oneof(
  { weight: 5, arbitrary: fc.nat(20) },
  { weight: 2, arbitrary: fc.integer({ min: 100, max: 900 }) },
  { weight: 1, arbitrary: fc.constant(3_000) },
);

/** A connected onlooker does something in a channel. */
const act = <T>(
  text: string,
  others: fc.Arbitrary<T>,
  run: (onlooker: Onlooker, channel: StageName, rest: T) => void,
) =>
  fc.tuple(who, stage, others).map(([at, channel, rest]) =>
    step(`${at} ${text} [channel ${channel}] ${rest === undefined ? '' : JSON.stringify(rest)}`, (crowd) => {
      const onlooker = nth(crowd.onlookers, at);
      crowd.connect(onlooker);
      run(onlooker, nth(crowd.channels, channel), rest);
    }),
  );

const nothing = fc.constant(undefined);
const watch = act('watches', nothing, (onlooker, channel) => onlooker.watch(channel));
const unwatch = act('unwatches', nothing, (onlooker, channel) => onlooker.unwatch(channel));
const again = act('unwatches and watches', nothing, (onlooker, channel) => {
  onlooker.unwatch(channel);
  if (onlooker.sights.get(channel)?.wire === 'off') onlooker.watch(channel);
});
const leave = act('leaves', nothing, (onlooker, channel) => onlooker.say({ type: 'leave', channel }));
const subscribe = fc.nat(4).map((at) =>
  step(`${at} hears the noise`, (crowd) => {
    const onlooker = nth(crowd.onlookers, at);
    crowd.connect(onlooker);
    onlooker.say({ type: 'subscribe', channel: 'noise' });
  }),
);
const enter = act('enters', size, (onlooker, channel, bytes) => {
  const limit = channel === 'many' ? bytes : Math.min(bytes, 900);
  onlooker.say({ type: 'enter', channel, ...(bytes === 0 ? {} : { state: 'y'.repeat(limit) }) });
});

/** Some guests at once. */
const guests = fc
  .record({ at: stage, from: fc.nat(GUESTS - 1), count: fc.integer({ min: 1, max: GUESTS }), size, kind: fc.nat(2) })
  .map(({ at, from, count, size: bytes, kind }) =>
    step(`${count} guests from ${from} ${['enter', 'leave', 'pass'][kind]} [channel ${at}] ${bytes} B`, (crowd) => {
      const channel = nth(crowd.channels, at);
      for (let more = 0; more < count; more++) {
        const who = (from + more) % GUESTS;
        if (kind !== 1) crowd.enter(channel, who, bytes);
        if (kind !== 0) crowd.leave(channel, who, more % 3 === 0 ? 700 : 0);
      }
    }),
  );

const guest = fc
  .record({ channel: stage, at: fc.nat(6), size, leaves: fc.boolean() })
  .map(({ channel, at, size: bytes, leaves }) =>
    step(`guest ${at} ${leaves ? 'leaves' : 'enters'} [channel ${channel}] ${bytes} B`, (crowd) => {
      if (leaves) crowd.leave(nth(crowd.channels, channel), at);
      else crowd.enter(nth(crowd.channels, channel), at, bytes);
    }),
  );

const onSocket = (text: string, run: (socket: NonNullable<Onlooker['socket']>) => void) =>
  who.map((at) =>
    step(`${at} ${text}`, (crowd) => {
      crowd.transport.step();
      const { socket } = nth(crowd.onlookers, at);
      if (socket !== undefined) run(socket);
    }),
  );

const noise = fc.integer({ min: 1, max: 15 }).map((count) =>
  step(`${count} noises`, (crowd) => {
    for (let at = 0; at < count; at++) crowd.publish(3_000);
  }),
);

const pass = fc
  .constantFrom(1, 100, 499, 500, 1_000, 5_000)
  .map((ms) => step(`${ms} ms pass`, (crowd) => crowd.clock.advance(ms)));

/** What a distant store does meanwhile. */
const way = fc.oneof(
  { weight: 3, arbitrary: fc.constant('works' as const) },
  { weight: 3, arbitrary: fc.constantFrom('answers 0', 'answers 1', 'answers 2') },
  { weight: 2, arbitrary: fc.constant('announces' as const) },
  { weight: 2, arbitrary: fc.constant('turn' as const) },
);

const distant = fc.array(way, { minLength: 1, maxLength: 8 }).map((ways) =>
  step(`the store ${ways.join(', ')}`, async (crowd) => {
    for (const each of ways) {
      if (each === 'works') crowd.distant?.work(1);
      else if (each === 'announces') crowd.distant?.announce(2);
      else if (each === 'turn') crowd.turn();
      else crowd.distant?.answer(Number(each.at(-1)));
      await breathe();
    }
  }),
);

const common = [
  { weight: 8, arbitrary: watch },
  { weight: 2, arbitrary: unwatch },
  { weight: 1, arbitrary: again },
  { weight: 6, arbitrary: enter },
  { weight: 3, arbitrary: leave },
  { weight: 2, arbitrary: subscribe },
  { weight: 3, arbitrary: noise },
  { weight: 5, arbitrary: guests },
  { weight: 8, arbitrary: guest },
  { weight: 4, arbitrary: onSocket('stalls', (socket) => socket.stall()) },
  { weight: 3, arbitrary: onSocket('reads on', (socket) => socket.unstall()) },
  { weight: 4, arbitrary: onSocket('reads a little', (socket) => socket.read(2_000)) },
  { weight: 2, arbitrary: onSocket('vanishes', (socket) => socket.cut()) },
  { weight: 12, arbitrary: fc.constant(step('turn', (crowd) => crowd.turn())) },
  { weight: 6, arbitrary: fc.constant(step('settle', (crowd) => crowd.settle())) },
  { weight: 10, arbitrary: pass },
];

const scenario = (isDistant: boolean) =>
  fc
    .record({
      onlookers: fc.integer({ min: 1, max: 5 }),
      channels: fc.subarray([...STAGE_NAMES], { minLength: 1, maxLength: 2 }),
      steps: fc.array(fc.oneof(...common, ...(isDistant ? [{ weight: 40, arbitrary: distant }] : [])), {
        maxLength: STEPS,
        size: 'max',
      }),
    })
    .map((made) => ({ ...made, [fc.toStringMethod]: () => print(made) }));

function print({ onlookers, channels, steps }: { onlookers: number; channels: string[]; steps: Step[] }): string {
  return `${onlookers} onlookers, channels ${channels.join()}:${steps.map(({ text }) => `\n  ${text}`).join('')}\n`;
}

describe.each([
  ['at once', false],
  ['later', true],
])('whoever comes and goes, with a store that answers %s', (_, isDistant) => {
  it('every watcher knows in the end who is present', { timeout: 300_000 }, async () => {
    const property = fc.asyncProperty(scenario(isDistant), async ({ steps: made, ...cast }) => {
      const crowd = new Crowd({ ...cast, isDistant });
      for (const { run } of made) {
        await run(crowd);
        crowd.check();
      }
      await crowd.checkRest();
      await crowd.checkEmpty(GUESTS);
    });
    await fc.assert(property, { numRuns: RUNS });
  });
});
