import { expect, it } from 'vitest';
import { MemoryEngine } from '../engine/memory/memory-engine.ts';
import { ManualClock } from '../util/clock.ts';
import { LogCheckpoints } from './checkpoints.ts';

const clock = new ManualClock();

it('checkpoints are those that were saved latest, by bridge and partition', async () => {
  const log = new MemoryEngine({ clock });
  const orders = new LogCheckpoints({ log, clock, bridge: 'orders' });
  expect(await orders.read('a')).toBeUndefined();
  await orders.save('a', '1');
  await orders.save('a', '2');
  await orders.save('b', '7');
  expect(await orders.read('a')).toBe('2');
  expect(await orders.read('b')).toBe('7');
  expect(await new LogCheckpoints({ log, clock, bridge: 'others' }).read('a')).toBeUndefined();
});

it('only one node creates the first checkpoint of a partition', async () => {
  const log = new MemoryEngine({ clock });
  const [one, other] = [1, 2].map(() => new LogCheckpoints({ log, clock, bridge: 'orders' }));
  expect(await one?.create('a', '1')).toBe(true);
  expect(await other?.create('a', '2')).toBe(false);
  expect(await other?.read('a')).toBe('1');
  await one?.save('a', '3');
  expect(await other?.create('a', '2')).toBe(false);
  expect(await other?.create('b', '2')).toBe(true);
});

it('checkpoints are there for years', async () => {
  const log = new MemoryEngine({ clock });
  const checkpoints = new LogCheckpoints({ log, clock, bridge: 'orders' });
  await checkpoints.save('a', '1');
  clock.advance(400 * 86_400_000);
  expect(await checkpoints.read('a')).toBe('1');
});
