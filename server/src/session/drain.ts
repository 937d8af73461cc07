import type { EventBus } from '../events.ts';
import type { Clock } from '../util/clock.ts';
import type { Registry } from './registry.ts';

export interface DrainOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly events: EventBus;
  /** Most milliseconds over which connections are closed. */
  readonly most: number;
  /** Connections to close per second, if `most` allows it. */
  readonly pace: number;
}

/**
 * Connections that are notified in one batch, and milliseconds between batches: small enough not to
 * delay anybody, fast enough to reach all soon.
 */
const AT_ONCE = 500;
const BREATH = 10;

/**
 * Closes all connections, one after the other in a random order and at an even pace, so that other
 * nodes receive them at that pace. Each client is notified in advance, is served until its
 * connection closes, and reconnects at once. Resolves when the last connection has closed.
 */
export async function drainSessions({ registry, clock, events, most, pace }: DrainOptions): Promise<void> {
  const sessions = shuffle(registry.all());
  const duration = Math.min(most, (sessions.length / pace) * 1000);
  events.emit('draining', { connections: sessions.length, duration });
  const momentOf = (at: number) => (at / sessions.length) * duration;
  for (let from = 0; from < sessions.length; from += AT_ONCE) {
    const notifyAt = Math.min(momentOf(from), (from / AT_ONCE) * BREATH);
    clock.after(notifyAt, () => {
      for (const [n, session] of sessions.slice(from, from + AT_ONCE).entries())
        session.push({ type: 'drain', closesIn: Math.round(momentOf(from + n) - notifyAt), reconnectAfter: 0 });
    });
  }
  for (const [at, session] of sessions.entries()) clock.after(momentOf(at), () => session.close('draining'));
  // A connection that was being admitted when the drain began is not among them.
  const last = clock.after(duration, () => {
    for (const session of registry.all()) session.close('draining');
  });
  await registry.emptied();
  last.cancel();
}

/** Keeps the oldest connections, and the connections of one channel, from closing together. Fisher and Yates. */
function shuffle<T>(items: readonly T[]): T[] {
  const shuffled = [...items];
  for (let at = shuffled.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1));
    [shuffled[at], shuffled[other]] = [shuffled[other] as T, shuffled[at] as T];
  }
  return shuffled;
}
