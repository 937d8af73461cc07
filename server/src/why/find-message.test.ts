import { describe, expect, it } from 'vitest';
import { MemoryEngine } from '../engine/memory/memory-engine.ts';
import { ManualClock } from '../util/clock.ts';
import { findById, readSubject, SEARCHED } from './find-message.ts';

async function logOf(count: number) {
  const clock = new ManualClock();
  const log = new MemoryEngine({ clock });
  log.start({ deliver: () => {} } as never);
  const options = { retention: { count: 10_000, age: 86_400_000 }, window: 0 };
  for (let at = 1; at <= count; at++) {
    await log.append('chat:a', { id: `m${at}`, time: clock.now(), data: at }, options);
  }
  return log;
}

describe('a message that no node remembers', () => {
  it('is searched among the newest ones of its log', async () => {
    const log = await logOf(SEARCHED + 2);
    const places = await Promise.all(
      ['m1', 'm2', 'm3', 'm4', `m${SEARCHED + 2}`, 'none'].map((id) => findById(log, 'chat:a', id)),
    );
    expect(places.map((place) => place?.offset)).toEqual([undefined, undefined, 3, 4, SEARCHED + 2, undefined]);
  });

  it('is found in a short log', async () => {
    const log = await logOf(3);
    expect(await findById(log, 'chat:a', 'm1')).toEqual({ id: 'm1', channel: 'chat:a', offset: 1 });
    expect(await findById(log, 'chat:b', 'm1')).toBeUndefined();
  });
});

it.each([
  [0, null],
  [1, 'm1'],
  [3, 'm3'],
  [4, null],
])('the message at the offset %i', async (offset, id) => {
  const subject = await readSubject(await logOf(3), { channel: 'chat:a', offset });
  expect(subject?.id ?? null).toBe(id);
});
