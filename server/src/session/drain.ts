import type { EventBus } from '../events.ts';
import type { Clock } from '../util/clock.ts';
import type { Registry } from './registry.ts';
import type { Session } from './session.ts';

/** Milliseconds of drain time per connection: 500 reconnects a second are no storm for whoever takes them. */
const PACE = 2;

export interface DrainOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly events: EventBus;
  /** Longest time, in milliseconds, over which connections are sent away. */
  readonly most: number;
}

/**
 * Sends all clients elsewhere, each at its own random moment, so that they do not arrive there all at once.
 * A client is served until its moment, and reconnects at once. Resolves when the last one has gone.
 */
export async function drainSessions({ registry, clock, events, most }: DrainOptions): Promise<void> {
  const sessions = registry.all();
  const duration = Math.min(most, sessions.length * PACE);
  events.emit('draining', { connections: sessions.length, duration });
  for (const session of sessions) {
    clock.after(Math.random() * duration, () => sendAway(session));
  }
  await registry.emptied();
}

function sendAway(session: Session): void {
  session.push({ type: 'drain', reconnectAfter: 0 });
  session.close('draining');
}
