import { type Conditions, canonical, EVERY, type HistoryCommand, type HistoryResult } from '@sluice/protocol';
import { readPage } from '../../channels/filtered-history.ts';
import { effectiveConditions } from '../../channels/filters/enforced-filter.ts';
import { Refusal } from '../../refusal.ts';
import { chain, type NowOrLater } from '../../util/now-or-later.ts';
import type { Handler } from '../handler.ts';
import { Permit } from '../permit.ts';
import type { SessionContext } from '../session-context.ts';

/** Reads a page of a channel's log. SPEC.md section 4.6. */
export const history: Handler<'history'> = (session, command, decided) => {
  const allowed = session.authorize('history', command.channel, decided);
  if (allowed instanceof Refusal) return allowed;
  const permit = new Permit(session, 'history', command.channel, allowed);
  return session.pages.take(permit, () => read(session, command, { permit, forced: decided?.hooked?.filter }));
};

/** The permission to read, and the conditions of a hook. */
interface Granted {
  readonly permit: Permit;
  readonly forced: Conditions | undefined;
}

/** Reads again if the identity may receive other messages when the page has arrived. */
function read(session: SessionContext, command: HistoryCommand, granted: Granted): NowOrLater<HistoryResult | Refusal> {
  const { permit, forced } = granted;
  const { identity, limits, services } = session;
  const { rule } = permit;
  const own = command.filter === undefined ? EVERY : canonical(command.filter);
  const conditions = effectiveConditions(own, rule, identity, forced);
  if (conditions instanceof Refusal) return conditions;
  const onBytes = (bytes: number) => limits.chargePage(bytes, services.clock);
  return chain(readPage(services.log, { ...command, conditions }, { expiry: services.expiry, onBytes }), (page) => {
    const isInForce = rule.only === null || session.identity === identity;
    if (!isInForce) return read(session, command, granted);
    return rule.history === null ? { ...page, noHistory: true } : page;
  });
}
