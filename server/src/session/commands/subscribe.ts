import {
  alreadySubscribed,
  both,
  type Conditions,
  canonical,
  EVERY,
  type SubscribeCommand,
  type SubscribeResult,
} from '@sluice/protocol';
import { isSubscribedByBackend } from '../../auth/identity.ts';
import type { Variant } from '../../channels/audience.ts';
import { type Cursor, SUBSCRIPTIONS } from '../../channels/cursor.ts';
import { effectiveConditions } from '../../channels/filters/enforced-filter.ts';
import { variantFor } from '../../channels/filters/filtered-variant.ts';
import type { RuleMatch } from '../../channels/rules.ts';
import { keyOf } from '../../channels/subscription-id.ts';
import { Refusal } from '../../refusal.ts';
import type { NowOrLater } from '../../util/now-or-later.ts';
import type { Handler } from '../handler.ts';
import { type HookMoment, momentOf, reviewIfLate } from '../late-hook-review.ts';
import { Permit } from '../permit.ts';
import type { SessionContext } from '../session-context.ts';
import { mayBegin } from '../standing-commands.ts';

/** Opens a cursor. SPEC.md section 4.3. */
export const subscribe: Handler<'subscribe'> = (session, command, decided) => {
  const { channel, sub } = command;
  const key = keyOf(channel, sub);
  if (sub === undefined) beginTakeover(session, channel);
  const allowed = mayBegin(session, {
    kind: SUBSCRIPTIONS,
    key,
    verb: 'subscribe',
    channel,
    decided,
    already: alreadySubscribed(channel, sub),
    most: (limit) => `have at most ${limit} subscriptions`,
  });
  if (allowed instanceof Refusal) return allowed;
  if (command.since !== undefined) session.limits.chargeSearch(session.services.clock);
  const open = new Opening(session, command, decided?.hooked?.filter);
  const moment = momentOf(session, decided);
  const cursor = open.with(allowed);
  if (!(cursor instanceof Promise)) return begin(session, cursor, moment);
  const permit = new Permit(session, 'subscribe', channel, allowed);
  return session.addPending(SUBSCRIPTIONS, key, awaitCursor(session, cursor, { open, permit, moment }));
};

function begin(session: SessionContext, cursor: Cursor | Refusal, moment: HookMoment): SubscribeResult | Refusal {
  if (cursor instanceof Refusal) return cursor;
  const result = welcome(session, cursor);
  reviewIfLate(session, cursor.channelName, moment);
  return result;
}

/**
 * A subscription that the backend has opened ends without a push: the client continues at its own
 * position, with whatever filter it wants. SPEC.md section 7.4.
 */
function beginTakeover(session: SessionContext, channel: string): void {
  if (!isSubscribedByBackend(session.identity, channel)) return;
  const cursor = session.standings.of(SUBSCRIPTIONS).get(channel);
  if (cursor !== undefined) void session.end(cursor, 'asked');
}

/** Opens the cursor of one command, again if the permission has changed meanwhile. */
export class Opening {
  readonly #session: SessionContext;
  readonly #command: SubscribeCommand;
  readonly #forced: Conditions | undefined;

  /** @param forced the conditions of a hook */
  constructor(session: SessionContext, command: SubscribeCommand, forced: Conditions | undefined) {
    this.#session = session;
    this.#forced = forced;
    this.#command = command;
  }

  /** What the identity receives under the rule. A pattern is a filter by the channels that messages come from. */
  variant({ rule, log }: RuleMatch): Variant | Refusal {
    const { channel, filter, sub } = this.#command;
    const asked = filter === undefined ? EVERY : canonical(filter);
    const own = log === undefined ? asked : both(asked, canonical({ channel }));
    const forced = this.#forced;
    const all = effectiveConditions(own, rule, this.#session.identity, forced);
    if (all instanceof Refusal) return all;
    return variantFor(sub, { own, all, forced, alias: log === undefined ? undefined : channel });
  }

  with(match: RuleMatch): NowOrLater<Cursor | Refusal> {
    const variant = this.variant(match);
    if (variant instanceof Refusal) return variant;
    const target = { name: match.log ?? this.#command.channel, rule: match.rule, variant };
    return this.#session.services.hub.subscribe(this.#session, target, this.#command);
  }

  /** Does the cursor still have the filter that it must have? */
  fits({ variant, channel }: Cursor, match: RuleMatch): boolean {
    const now = this.variant(match);
    const isThere = match.log === undefined || match.log === channel.name;
    return isThere && !(now instanceof Refusal) && now.key === variant.key;
  }
}

/** While the engine answers, the client may do other things: unsubscribe, subscribe again, replace its token. */
async function awaitCursor(
  session: SessionContext,
  first: Promise<Cursor | Refusal>,
  { open, permit, moment }: { readonly open: Opening; readonly permit: Permit; readonly moment: HookMoment },
): Promise<SubscribeResult | Refusal> {
  const { hub } = session.services;
  for (let opening: NowOrLater<Cursor | Refusal> = first; ; opening = open.with(permit.match)) {
    const cursor = await opening;
    if (cursor instanceof Refusal) return cursor;
    if (session.state === 'closed') return welcome(session, cursor); // which ends it
    const refusal = permit.check();
    if (refusal === null && open.fits(cursor, permit.match)) return begin(session, cursor, moment);
    hub.unsubscribe(cursor); // while it is decided: no message may come before the reply
    if (refusal instanceof Refusal) return refusal;
    const late = await refusal;
    if (late !== null) return late;
  }
}

/** Holds the cursor that was opened. */
export function welcome(session: SessionContext, cursor: Cursor): SubscribeResult {
  const { hub, events } = session.services;
  const { epoch, offset } = cursor;
  if (session.add(cursor)) {
    events.emit('subscribed', {
      connection: session.connection.id,
      channel: cursor.channelName,
      log: cursor.channel.name,
      sub: cursor.variant.sub,
      start: { epoch, offset },
      conditions: cursor.variant.filter?.conditions,
    });
  } else hub.unsubscribe(cursor);
  return { epoch, offset, state: cursor.state === 'live' ? 'live' : 'replaying' };
}
