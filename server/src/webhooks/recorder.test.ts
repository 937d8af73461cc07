import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { EngineUnavailable } from '../engine/engine.ts';
import { EventBus } from '../events.ts';
import { ManualClock } from '../util/clock.ts';
import type { EventLog } from './event-log.ts';
import { Recorder } from './recorder.ts';
import type { WebhookEvent } from './webhook-event.ts';

/** A recorder over a log that appends as the test says. */
function start(append: (event: WebhookEvent) => unknown = () => nextTurn()) {
  const stored: WebhookEvent[] = [];
  const faults: string[] = [];
  const clock = new ManualClock();
  const events = new EventBus();
  events.on('fault', ({ error }) => void faults.push((error as Error).message));
  const log = {
    append: async (event: WebhookEvent) => {
      await append(event);
      stored.push(event);
    },
  } as unknown as EventLog;
  return { recorder: new Recorder({ log, events, clock, onStored: () => {} }), stored, faults, clock };
}

const event = (data: number): WebhookEvent => ({ type: 'message.published', data });
const away = () => {
  throw new EngineUnavailable('away');
};

describe('a recorder that closes', () => {
  it('stores everything that waits, and nothing that comes later', async () => {
    const { recorder, stored, faults } = start();
    for (let at = 0; at < 600; at++) recorder.record(event(at));
    await recorder.close();
    recorder.record(event(600));
    await nextTurn();
    expect(stored.map(({ data }) => data)).toEqual(Array.from({ length: 600 }, (_, at) => at));
    expect(faults).toEqual([]);
  });

  it('tries once more what it could not store', async () => {
    let isAway = true;
    const { recorder, stored } = start(() => (isAway ? away() : undefined));
    recorder.record(event(1));
    await nextTurn();
    isAway = false;
    await recorder.close();
    expect(stored).toHaveLength(1);
  });

  it.each([
    ['is away', away],
    ['does not answer', () => new Promise<never>(() => {})],
  ])('reports what it could not store because the engine %s', async (_, append) => {
    const { recorder, faults, clock } = start(append);
    recorder.record(event(1));
    await nextTurn();
    recorder.record(event(2));
    const closing = recorder.close();
    await nextTurn();
    clock.advance(5_000);
    await closing;
    await nextTurn();
    expect(faults).toEqual(['2 events could not be stored before the gateway stopped']);
    expect(clock.running).toBe(0);
  });
});

describe('a recorder while the engine is away', () => {
  const RETRY = 1_000;

  /** Stores what waits. */
  async function retry(clock: ManualClock): Promise<void> {
    clock.advance(RETRY);
    for (let turn = 0; turn < 100; turn++) await nextTurn();
  }

  it('keeps the order of events, and reports those that did not fit', async () => {
    let isAway = true;
    const { recorder, stored, clock } = start(() => (isAway ? away() : undefined));
    for (let at = 0; at < 300; at++) recorder.record(event(at));
    await nextTurn();
    for (let at = 300; at < 10_007; at++) recorder.record(event(at));
    await retry(clock);
    isAway = false;
    await retry(clock);
    expect(stored.slice(0, -1).map(({ data }) => data)).toEqual(Array.from({ length: 10_000 }, (_, at) => at));
    expect(stored.at(-1)).toEqual({ type: 'webhook.gap', data: { lost: 7, reason: 'overflow' } });
  });

  it('goes on without an event that the engine does not accept, and reports it', async () => {
    const { recorder, stored, faults, clock } = start(({ data }) => {
      if (data === 2) throw new Error('it is too large');
    });
    for (const at of [1, 2, 3]) recorder.record(event(at));
    await retry(clock);
    expect(stored.map(({ data }) => data)).toEqual([1, 3]);
    expect(faults).toEqual(['it is too large']);
    expect(clock.running).toBe(0);
  });

  it('stores at most 256 events at the same time', async () => {
    let [open, most] = [0, 0];
    const { recorder } = start(async () => {
      most = Math.max(most, ++open);
      await nextTurn();
      open--;
    });
    for (let at = 0; at < 1_000; at++) recorder.record(event(at));
    await recorder.close();
    expect(most).toBe(256);
  });
});
