import type { EventBus } from '../events.ts';
import type { Clock } from '../util/clock.ts';
import type { Registry } from './registry.ts';

export interface DrainOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly events: EventBus;
  /** Longest time, in milliseconds, over which connections are sent away. */
  readonly most: number;
  /** Connections per second that are sent away, unless there are too many for that. */
  readonly pace: number;
}

/** Connections that are told at a time, and milliseconds between two times: few enough not to be felt, and all of them soon. */
const AT_ONCE = 500;
const BREATH = 10;

/**
 * Sends all clients elsewhere, one after the other in a random order and at an even pace, so that wherever they come they
 * come at that pace. A client is told its moment ahead, is served until then, and reconnects at once. Resolves when the last one has gone.
 */
export async function drainSessions({ registry, clock, events, most, pace }: DrainOptions): Promise<void> {
  const sessions = shuffle(registry.all());
  const duration = Math.min(most, (sessions.length / pace) * 1000);
  events.emit('draining', { connections: sessions.length, duration });
  const momentOf = (at: number) => (at / sessions.length) * duration;
  for (let from = 0; from < sessions.length; from += AT_ONCE) {
    const told = Math.min(momentOf(from), (from / AT_ONCE) * BREATH);
    clock.after(told, () => {
      for (const [n, session] of sessions.slice(from, from + AT_ONCE).entries())
        session.push({ type: 'drain', closesIn: Math.round(momentOf(from + n) - told), reconnectAfter: 0 });
    });
  }
  for (const [at, session] of sessions.entries()) clock.after(momentOf(at), () => session.close('draining'));
  await registry.emptied();
}

/** So that neither the oldest connections nor those of one channel leave together. Fisher and Yates. */
function shuffle<T>(items: readonly T[]): T[] {
  const shuffled = [...items];
  for (let at = shuffled.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1));
    [shuffled[at], shuffled[other]] = [shuffled[other] as T, shuffled[at] as T];
  }
  return shuffled;
}
