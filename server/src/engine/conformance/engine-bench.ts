import type { Message, PublishResult } from '@sluice/protocol';
import { expect } from 'vitest';
import { ManualClock } from '../../util/clock.ts';
import type { AppendOptions, Engine, Entry, Signal } from '../engine.ts';
import type { LoggedMessage } from '../logged-message.ts';

/** Makes a new engine that uses this clock; not started. */
export type MakeEngine = (clock: ManualClock) => Engine | Promise<Engine>;

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const KEEP: AppendOptions = { retention: { count: 1_000, age: HOUR }, window: 300_000 };
export const NONE: AppendOptions = { retention: null, window: 300_000 };

/** The message; its JSON must have the same value. */
function checkedValue({ message, json, offset }: LoggedMessage): Message {
  expect(JSON.parse(json)).toEqual(message);
  expect(offset).toBe(message.offset);
  return message;
}

/** A started engine and its announcements. */
export class EngineBench {
  readonly clock = new ManualClock();
  readonly announced: { channel: string; epoch: string; message: Message }[] = [];
  readonly signals: Signal[] = [];
  readonly #engine: Engine;
  #count = 0;

  constructor(engine: Engine, clock: ManualClock) {
    this.#engine = engine;
    this.clock = clock;
  }

  get engine(): Engine {
    return this.#engine;
  }

  async start(): Promise<this> {
    await this.#engine.start({
      deliver: (channel, epoch, logged) => this.announced.push({ channel, epoch, message: checkedValue(logged) }),
      signal: (signal) => this.signals.push(signal),
    });
    return this;
  }

  entry(more: Partial<Entry> = {}): Entry {
    return { id: `m${++this.#count}`, time: this.clock.now(), data: this.#count, ...more };
  }

  async append(channel: string, options: AppendOptions = KEEP, more: Partial<Entry> = {}): Promise<PublishResult> {
    return this.#engine.log.append(channel, this.entry(more), options);
  }

  async fill(channel: string, count: number, options: AppendOptions = KEEP): Promise<void> {
    for (let at = 0; at < count; at++) await this.append(channel, options);
  }

  async read(channel: string, after = 0, limit = 1_000) {
    const page = await this.#engine.log.read(channel, after, limit);
    return { ...page, messages: page.messages.map(checkedValue) };
  }

  async offsets(channel: string, after = 0, limit = 1_000): Promise<number[]> {
    return (await this.read(channel, after, limit)).messages.map(({ offset }) => offset);
  }

  async watch(channel: string): Promise<void> {
    await this.#engine.log.watch(channel);
  }

  /** Lets time pass in steps, so that sweeps run several times. */
  async pass(duration: number, steps = 8): Promise<void> {
    for (let at = 0; at < steps; at++) {
      this.clock.advance(duration / steps);
      await this.append('elsewhere', NONE); // everything before it has been carried out
    }
  }

  /** Offsets that were announced on a channel. */
  offsetsOf(channel: string): number[] {
    return this.announced.flatMap((one) => (one.channel === channel ? [one.message.offset] : []));
  }
}
