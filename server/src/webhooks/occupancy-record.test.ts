import { expect, it } from 'vitest';
import { MemoryEngine } from '../engine/memory/memory-engine.ts';
import { OccupancyRecord } from './occupancy-record.ts';

function create() {
  const { log } = new MemoryEngine();
  return { log, record: (list: string) => new OccupancyRecord({ log, list, now: () => 1 }) };
}

it('has the names that are there, of its own list', async () => {
  const { record } = create();
  const users = record('#users');
  for (const name of ['ben', 'ada', 'a name with spaces', 'ådå']) await users.add(name);
  await record('#users2').add('cy');
  await record('#channels').add('chat:a');
  expect(await users.names()).toEqual(['a name with spaces', 'ada', 'ben', 'ådå']);
  await users.remove('ben');
  await users.remove('nobody');
  await users.add('ada');
  expect(await users.names()).toEqual(['a name with spaces', 'ada', 'ådå']);
  await users.remove('ada');
  await users.add('ben');
  expect(await users.names()).toEqual(['a name with spaces', 'ben', 'ådå']);
});

it('has thousands of names', async () => {
  const { record } = create();
  const users = record('#users');
  const names = Array.from({ length: 2_500 }, (_, at) => `u${String(at).padStart(4, '0')}`);
  for (const name of names) await users.add(name);
  expect(await users.names()).toEqual(names);
});
