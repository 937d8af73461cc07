import { SUBSCRIPTIONS } from './cursor.ts';
import type { Standings } from './standings.ts';

/**
 * How many messages the slowest cursor is behind, by the pattern of its channel's rule.
 *
 * @param holders the connections that may hold cursors that are behind
 */
export function cursorLag(holders: Iterable<{ readonly standings: Standings }>): ReadonlyMap<string, number> {
  const lags = new Map<string, number>();
  for (const { standings } of new Set(holders)) {
    for (const { state, channel, offset } of standings.of(SUBSCRIPTIONS).values()) {
      if (state !== 'replaying') continue;
      const rule = channel.rule.pattern.source;
      lags.set(rule, Math.max(lags.get(rule) ?? 0, channel.sent - offset));
    }
  }
  return lags;
}
