import { expect, it } from 'vitest';
import { EventBus } from '../events.ts';
import { ManualClock } from '../util/clock.ts';
import { LastSeen } from './last-seen.ts';

const MOST = 10_000;

it('10,000 users are remembered, those who left last', () => {
  const [events, clock] = [new EventBus(), new ManualClock()];
  const seen = new LastSeen(events, clock);
  const leave = (user: string | null) => events.emit('connectionClosed', { user } as never);
  const begin = clock.now();
  for (let at = 0; at < MOST; at++) leave(`u${at}`);
  clock.advance(5);
  leave('u0');
  leave(null);
  leave('another');
  expect(['u0', 'u1', 'u2', 'another'].map((user) => seen.of(user))).toEqual([begin + 5, null, begin, begin + 5]);
});
