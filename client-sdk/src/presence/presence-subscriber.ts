import { guard } from '../emitter.ts';
import type { SluiceError } from '../errors.ts';
import type { Members, PresenceListener } from '../presence-api.ts';
import type { ResourceUser } from '../shared-resource.ts';
import type { SourceHost } from '../subscriber.ts';
import { EMPTY, type MemberMap, type Roster } from './roster.ts';

/** One call of `presence.subscribe`: tells the differences between what it has told before and what is now. */
export interface PresenceSubscriber extends ResourceUser {
  follow(roster: Roster): void;
}

/**
 * Makes a subscriber of what the application gave.
 *
 * @param members what its `change` is given
 * @param host hears of failures where it has no `error`
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
