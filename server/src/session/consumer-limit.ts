import { CONSUMERS, FINISHING_CONSUMERS } from '../groups/consumer.ts';
import type { SessionContext } from './session-context.ts';

/** May the connection have one more consumer? One that was stopped counts as long as it has deliveries. */
export function hasRoomForConsumer(session: SessionContext): boolean {
  const { subscriptions } = session.services.settings.limits;
  if (countOf(session) < subscriptions) return true;
  forgetIdle(session);
  return countOf(session) < subscriptions;
}

const countOf = ({ standings }: SessionContext): number =>
  standings.count(CONSUMERS) + standings.count(FINISHING_CONSUMERS);

/** Forgets those whose last delivery has expired. */
function forgetIdle(session: SessionContext): void {
  const now = session.services.clock.monotonic();
  for (const consumer of [...session.standings.of(FINISHING_CONSUMERS).values()]) {
    consumer.expire(now);
    if (!consumer.isBusy) session.forget(consumer);
  }
}
