import { guard } from '../emitter.ts';
import type { SluiceError } from '../errors.ts';
import type { Members, PresenceListener } from '../presence-api.ts';
import type { ResourceUser } from '../shared-resource.ts';
import type { SourceHost } from '../subscriber.ts';
import { EMPTY, type MemberMap, type Roster } from './roster.ts';

/** One call of `presence.subscribe`: reports the differences to what it reported before. */
export interface PresenceSubscriber extends ResourceUser {
  follow(roster: Roster): void;
}

/**
 * Creates a subscriber from the application's listener.
 *
 * @param members the argument of `change`
 * @param host reports failures if the listener has no `error`
 */
export function presenceSubscriber(listener: PresenceListener, members: Members, host: SourceHost): PresenceSubscriber {
  let handlers = listener;
  let reported = EMPTY;
  let total: number | undefined;
  let shown: MemberMap | undefined;

  const fail = (error: SluiceError) => {
    host.report('error', error, { instead: handlers.error });
  };

  const compare = (now: MemberMap) => {
    const before = reported;
    reported = now;
    for (const [user, member] of before) if (!now.has(user)) guard(handlers.leave, member);
    for (const [user, member] of now) {
      const was = before.get(user);
      if (!was) guard(handlers.join, member);
      else if (was !== member) guard(handlers.update, member, was);
    }
  };

  return {
    follow(now) {
      if (now.total === undefined) return;
      const counted = total !== now.total;
      const changed = counted || shown !== now.shown;
      ({ total, shown } = now);
      if (!now.counting) compare(now.listed);
      if (counted) guard(handlers.count, now.total);
      if (changed) guard(handlers.change, members);
    },
    fail,
    end(_state, { error }) {
      if (error) fail(error);
      handlers = {};
    },
  };
}
