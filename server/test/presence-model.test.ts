import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { PresenceClient } from './support/presence-client.ts';
import { CHANNEL_NAMES, type ChannelName, PresenceModel } from './support/presence-model.ts';

const RUNS = Number(process.env.SLUICE_MODEL_RUNS ?? 400);
const STEPS = 80;
const GUESTS = 40;

interface Step {
  readonly text: string;
  run(model: PresenceModel): void | Promise<void>;
}

const step = (text: string, run: Step['run']): Step => ({ text, run });

function nth<T>(items: readonly T[], at: number): T {
  const item = items[at % items.length];
  if (item === undefined) throw new Error('the list is empty');
  return item;
}

const who = fc.nat(4);
/** Scenarios have few channels, so that steps interact. */
const channelIndex = fc.nat(11);
const size = fc.oneof(
  { weight: 5, arbitrary: fc.nat(20) },
  { weight: 2, arbitrary: fc.integer({ min: 100, max: 900 }) },
  { weight: 1, arbitrary: fc.constant(3_000) },
);

/** A step of a connected client in a channel. */
const act = <T>(
  text: string,
  others: fc.Arbitrary<T>,
  run: (client: PresenceClient, channel: ChannelName, rest: T) => void,
) =>
  fc.tuple(who, channelIndex, others).map(([at, channel, rest]) =>
    step(`${at} ${text} [channel ${channel}] ${rest === undefined ? '' : JSON.stringify(rest)}`, (model) => {
      const client = nth(model.clients, at);
      model.connect(client);
      run(client, nth(model.channels, channel), rest);
    }),
  );

const nothing = fc.constant(undefined);
const watch = act('watches', nothing, (client, channel) => client.watch(channel));
const unwatch = act('unwatches', nothing, (client, channel) => client.unwatch(channel));
const again = act('unwatches and watches', nothing, (client, channel) => {
  client.unwatch(channel);
  if (client.views.get(channel)?.wire === 'off') client.watch(channel);
});
const leave = act('leaves', nothing, (client, channel) => client.send({ type: 'leave', channel }));
const subscribe = fc.nat(4).map((at) =>
  step(`${at} subscribes to "noise"`, (model) => {
    const client = nth(model.clients, at);
    model.connect(client);
    client.send({ type: 'subscribe', channel: 'noise' });
  }),
);
const enter = act('enters', size, (client, channel, bytes) => {
  const limit = channel === 'many' ? bytes : Math.min(bytes, 900);
  client.send({ type: 'enter', channel, ...(bytes === 0 ? {} : { state: 'y'.repeat(limit) }) });
});

/** Several members of another node enter or leave at once. */
const guests = fc
  .record({
    at: channelIndex,
    from: fc.nat(GUESTS - 1),
    count: fc.integer({ min: 1, max: GUESTS }),
    size,
    kind: fc.nat(2),
  })
  .map(({ at, from, count, size: bytes, kind }) =>
    step(`${count} guests from ${from} ${['enter', 'leave', 'pass'][kind]} [channel ${at}] ${bytes} B`, (model) => {
      const channel = nth(model.channels, at);
      for (let more = 0; more < count; more++) {
        const who = (from + more) % GUESTS;
        if (kind !== 1) model.enter(channel, who, bytes);
        if (kind !== 0) model.leave(channel, who, more % 3 === 0 ? 700 : 0);
      }
    }),
  );

const guest = fc
  .record({ channel: channelIndex, at: fc.nat(6), size, leaves: fc.boolean() })
  .map(({ channel, at, size: bytes, leaves }) =>
    step(`guest ${at} ${leaves ? 'leaves' : 'enters'} [channel ${channel}] ${bytes} B`, (model) => {
      if (leaves) model.leave(nth(model.channels, channel), at);
      else model.enter(nth(model.channels, channel), at, bytes);
    }),
  );

const onSocket = (text: string, run: (socket: NonNullable<PresenceClient['socket']>) => void) =>
  who.map((at) =>
    step(`${at} ${text}`, (model) => {
      model.transport.step();
      const { socket } = nth(model.clients, at);
      if (socket !== undefined) run(socket);
    }),
  );

const noise = fc.integer({ min: 1, max: 15 }).map((count) =>
  step(`${count} large messages`, (model) => {
    for (let at = 0; at < count; at++) model.publish(3_000);
  }),
);

const pass = fc
  .constantFrom(1, 100, 499, 500, 1_000, 5_000)
  .map((ms) => step(`${ms} ms pass`, (model) => model.clock.advance(ms)));

/** Steps of a delayed store. */
const way = fc.oneof(
  { weight: 3, arbitrary: fc.constant('works' as const) },
  { weight: 3, arbitrary: fc.constantFrom('answers 0', 'answers 1', 'answers 2') },
  { weight: 2, arbitrary: fc.constant('announces' as const) },
  { weight: 2, arbitrary: fc.constant('turn' as const) },
);

const store = fc.array(way, { minLength: 1, maxLength: 8 }).map((ways) =>
  step(`the store ${ways.join(', ')}`, async (model) => {
    for (const each of ways) {
      if (each === 'works') model.store?.work(1);
      else if (each === 'announces') model.store?.announce(2);
      else if (each === 'turn') model.turn();
      else model.store?.answer(Number(each.at(-1)));
      await nextTurn();
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
  { weight: 2, arbitrary: onSocket('disconnects', (socket) => socket.cut()) },
  { weight: 12, arbitrary: fc.constant(step('turn', (model) => model.turn())) },
  { weight: 6, arbitrary: fc.constant(step('settle', (model) => model.settle())) },
  { weight: 10, arbitrary: pass },
];

const scenario = (isDelayed: boolean) =>
  fc
    .record({
      clients: fc.integer({ min: 1, max: 5 }),
      channels: fc.subarray([...CHANNEL_NAMES], { minLength: 1, maxLength: 2 }),
      steps: fc.array(fc.oneof(...common, ...(isDelayed ? [{ weight: 40, arbitrary: store }] : [])), {
        maxLength: STEPS,
        size: 'max',
      }),
    })
    .map((made) => ({ ...made, [fc.toStringMethod]: () => print(made) }));

function print({ clients, channels, steps }: { clients: number; channels: string[]; steps: Step[] }): string {
  return `${clients} clients, channels ${channels.join()}:${steps.map(({ text }) => `\n  ${text}`).join('')}\n`;
}

describe.each([
  ['at once', false],
  ['later', true],
])('with random members and a store that answers %s', (_, isDelayed) => {
  it('every presence subscriber ends with the correct members', { timeout: 300_000 }, async () => {
    const property = fc.asyncProperty(scenario(isDelayed), async ({ steps: made, ...cast }) => {
      const model = new PresenceModel({ ...cast, isDelayed });
      for (const { run } of made) {
        await run(model);
        model.check();
      }
      await model.checkSettled();
      await model.checkEmpty(GUESTS);
    });
    await fc.assert(property, { numRuns: RUNS });
  });
});
