import type { Message, Position } from '@sluice/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import type { LoopbackStream } from '../src/transport/loopback-stream.ts';
import { ChaosEngine } from './support/chaos-engine.ts';
import {
  checkGapRange,
  checkGapReason,
  classifyMessage,
  hasReached,
  type ReceivedGap,
} from './support/delivery-rules.ts';
import { EventReader, type ReadEvent } from './support/event-reader.ts';
import { createWorld, type World } from './support/world.ts';

const RUNS = Number(process.env.SLUICE_MODEL_RUNS ?? 300);

const CHANNELS = {
  safe: { allow: { subscribe: 'anyone' }, history: { count: 10_000, age: '1h' } },
  short: { allow: { subscribe: 'anyone' }, history: { count: 3, age: '1h' } },
  bare: { allow: { subscribe: 'anyone' } },
  latest: { allow: { subscribe: 'anyone' }, history: { count: 100, age: '1h' }, slow: 'latest' },
} satisfies ConfigInput['channels'];
type Name = keyof typeof CHANNELS;
const NAMES = Object.keys(CHANNELS) as Name[];

/** Its gaps contain the newest messages of their range. */
const WITH_GAPS = 'latest';

/** An application with an EventSource. It sees only events, and checks each. */
class Page {
  readonly faults: string[] = [];
  readonly positions = new Map<string, Position>();
  /** Messages that it received for the first time. */
  readonly seen = new Map<string, Set<string>>(NAMES.map((name) => [name, new Set()]));
  readonly #world: World;
  readonly #engine: ChaosEngine;
  /** The position of each channel at the last connection loss: earlier messages may be repeated. */
  #before = new Map<string, Position>();
  stream: LoopbackStream | undefined;
  #reader = new EventReader();
  #lastId = '';

  constructor(world: World, engine: ChaosEngine) {
    this.#world = world;
    this.#engine = engine;
  }

  async connect(): Promise<void> {
    if (this.stream?.ended === false) return;
    this.#before = new Map(this.positions);
    const headers: Record<string, string> = this.#lastId === '' ? {} : { 'last-event-id': this.#lastId };
    const query = NAMES.map((name) => `channel=${name}`).join('&');
    this.stream = await this.#world.transport.stream({ path: '/sse', query, headers });
    this.#reader = new EventReader();
    if (this.stream.reply.status !== 200) this.faults.push(`refused: ${String(this.stream.reply.body)}`);
  }

  read(): void {
    for (const event of this.#reader.read(this.stream?.take() ?? '')) this.#handle(event);
    if (this.#reader.lastEventId !== '') this.#lastId = this.#reader.lastEventId;
  }

  /** Loses the connection, possibly in the middle of an event. */
  cut(): void {
    const left = this.stream?.take() ?? '';
    for (const event of this.#reader.read(left.slice(0, Math.floor(left.length / 2)))) this.#handle(event);
    if (this.#reader.lastEventId !== '') this.#lastId = this.#reader.lastEventId;
    this.stream?.cut();
  }

  #handle({ event, data }: ReadEvent): void {
    const channel = String(data.channel);
    if (event === 'state' && data.epoch !== undefined) this.#begin(channel, data as unknown as Position);
    if (event === 'message') this.#message(channel, data as unknown as Message & { epoch: string });
    if (event === 'gap') this.#gap(data as unknown as ReceivedGap);
    if (event === 'error') this.faults.push(`an error: ${JSON.stringify(data)}`);
  }

  /** A stream must not begin after the last seen message, because messages would be missing. */
  #begin(channel: string, { epoch, offset }: Position): void {
    const known = this.#before.get(channel);
    if (known === undefined) this.positions.set(channel, { epoch, offset });
    else if (known.epoch === epoch && offset > known.offset) {
      this.faults.push(`${channel} begins at ${offset}, but the page is at ${known.offset}`);
    }
  }

  #message(channel: string, message: Message & { epoch: string }): void {
    const place = { epoch: message.epoch, offset: message.offset };
    const context = `${channel} ${place.epoch}/${place.offset} for one at ${JSON.stringify(this.positions.get(channel))}`;
    const truth = this.#engine.truth.get(channel)?.get(place.epoch)?.[place.offset - 1];
    if (truth?.id !== message.id) this.faults.push(`not in the log: ${context}`);
    const kind = classifyMessage(this.positions.get(channel), place);
    if (kind === 'repeat' && channel !== WITH_GAPS && !hasReached(this.#before.get(channel), place)) {
      this.faults.push(`twice on one connection: ${context}`);
    }
    if (kind === 'hole') this.faults.push(`a silent hole: ${context}`);
    if (kind === 'next') this.positions.set(channel, place);
    this.seen.get(channel)?.add(message.id);
  }

  #gap(gap: ReceivedGap): void {
    if (gap.channel === 'safe') this.faults.push(`a gap of "safe": ${JSON.stringify(gap)}`);
    const page = this.#engine.read(gap.channel, 0, 0);
    const wrong =
      checkGapRange(this.positions.get(gap.channel), gap) ??
      checkGapReason(gap, CHANNELS[gap.channel as Name], page.epoch === gap.to.epoch ? page.first : undefined);
    if (wrong !== undefined) this.faults.push(wrong);
    const known = this.positions.get(gap.channel);
    if (known === undefined || !hasReached(known, gap.to)) this.positions.set(gap.channel, gap.to);
  }
}

type Step = (world: World, page: Page, engine: ChaosEngine) => void | Promise<void>;

const named = (name: string, step: Step): Step => Object.assign(step, { toString: () => name });
const channel = fc.constantFrom(...NAMES);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(channel, fc.integer({ min: 1, max: 12 }), fc.constantFrom(10, 2_000, 20_000, 60_000))
      .map(([name, count, size]) =>
        named(`publish ${count} of ${size} to ${name}`, (world) => {
          for (let at = 0; at < count; at++) void world.gateway.publish(name, 'x'.repeat(size));
        }),
      ),
  },
  { weight: 5, arbitrary: fc.constant(named('idle', (world) => world.idle())) },
  { weight: 4, arbitrary: fc.constant(named('read', (_, page) => page.read())) },
  { weight: 3, arbitrary: fc.constant(named('stall', (_, page) => page.stream?.stall())) },
  { weight: 3, arbitrary: fc.constant(named('unstall', (_, page) => page.stream?.unstall())) },
  {
    weight: 2,
    arbitrary: fc.constant(
      named('cut', (_, page) => {
        page.cut();
      }),
    ),
  },
  { weight: 4, arbitrary: fc.constant(named('connect', (_, page) => page.connect())) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(channel, fc.integer({ min: 1, max: 3 }))
      .map(([name, count]) => named(`lose ${count} of ${name}`, (_world, _page, engine) => engine.lose(name, count))),
  },
);

it('an event stream delivers each message once and in order, or a gap, as a WebSocket does', {
  timeout: 300_000,
}, async () => {
  const run = async (steps: readonly Step[]) => {
    let engine: ChaosEngine | undefined;
    const world = await createWorld(
      { anonymous: true, channels: CHANNELS, limits: { outbound: '256KiB' } },
      {
        engine: (clock) => {
          engine = new ChaosEngine(clock);
          return engine;
        },
      },
    );
    if (engine === undefined) throw new Error('no engine');
    const page = new Page(world, engine);
    await page.connect();
    await world.idle();
    page.read();
    for (const happen of steps) {
      await happen(world, page, engine);
      expect(page.faults).toEqual([]);
    }
    await page.connect();
    for (const name of NAMES) {
      engine.lose(name, 0);
      void world.gateway.publish(name, 'last'); // the next announcement reveals lost ones
    }
    for (let round = 0; round < 30; round++) {
      page.stream?.unstall();
      await world.idle();
      page.read();
    }
    expect(page.faults).toEqual([]);
    for (const name of NAMES) {
      const { epoch, head } = engine.read(name, 0, 0);
      expect([name, page.positions.get(name)]).toEqual([name, { epoch, offset: head }]);
    }
    const safe = [...(engine.truth.get('safe')?.values() ?? [])].flat();
    expect(page.seen.get('safe')?.size).toBe(safe.length);
    page.stream?.cut();
    expect([world.services.registry.size, world.services.hub.size]).toEqual([0, 0]);
    await world.gateway.close();
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), run), { numRuns: RUNS });
});
