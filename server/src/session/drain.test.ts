import type { Push } from '@sluice/protocol';
import { expect, it } from 'vitest';
import { EventBus } from '../events.ts';
import { ManualClock } from '../util/clock.ts';
import { drainSessions } from './drain.ts';
import { Registry } from './registry.ts';
import type { Session } from './session.ts';

/** The sessions of a drain, and what each of them received, in milliseconds from its beginning. */
function crowd(count: number) {
  const clock = new ManualClock();
  const start = clock.now();
  const registry = new Registry();
  const said: { at: number; closesIn: number; closedAt: number }[] = [];
  for (let n = 0; n < count; n++) {
    const received = { at: Number.NaN, closesIn: Number.NaN, closedAt: Number.NaN };
    said.push(received);
    const session = {
      connection: { id: String(n), address: '127.0.0.1' },
      identity: { user: null },
      push(push: Push) {
        if (push.type !== 'drain') return;
        received.at = clock.now() - start;
        received.closesIn = push.closesIn ?? Number.NaN;
      },
      close() {
        received.closedAt = clock.now() - start;
        registry.remove(session);
      },
    } as unknown as Session;
    registry.add(session);
  }
  return { clock, registry, said };
}

it.each([
  ['its pace', 1_200, 60_000, 1_200 / 0.5],
  ['the longest time', 1_200, 1_000, 1_000],
  ['no time at all', 1_200, 0, 0],
])('closes all connections by %s, and announces its time to each in advance', async (_, count, most, duration) => {
  const { clock, registry, said } = crowd(count);
  const drained = drainSessions({ registry, clock, events: new EventBus(), most, pace: 500 });
  clock.advance(60_000);
  await drained;
  const moments = said.map(({ closedAt }) => closedAt).sort((a, b) => a - b);
  expect(moments[0]).toBe(0);
  expect(moments.at(-1)).toBeCloseTo(duration - duration / count, 0);
  for (const { at, closesIn, closedAt } of said) {
    expect(at).toBeLessThanOrEqual(Math.min(20, closedAt));
    expect(Math.abs(closesIn - (closedAt - at))).toBeLessThanOrEqual(1); // in whole milliseconds
  }
});

it('closes a connection that was admitted after the drain began', async () => {
  const { clock, registry, said } = crowd(2);
  const late = crowd(1);
  const drained = drainSessions({ registry, clock, events: new EventBus(), most: 1_000, pace: 1 });
  for (const session of late.registry.all()) {
    const close = () => registry.remove(session);
    registry.add(Object.assign(session, { close }));
  }
  clock.advance(60_000);
  await drained;
  expect(said.every(({ closedAt }) => closedAt <= 1_000)).toBe(true);
  expect(clock.running).toBe(0);
});

it('ends at once if there are no connections', async () => {
  const { clock, registry } = crowd(0);
  await drainSessions({ registry, clock, events: new EventBus(), most: 1_000, pace: 500 });
  expect(clock.running).toBe(0);
});
