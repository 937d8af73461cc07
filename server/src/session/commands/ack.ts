import type { ExtendResult, SettleResult } from '@sluice/protocol';
import type { Outcome } from '../../engine/groups.ts';
import { findGroup } from '../../groups/group-names.ts';
import type { Groups, SettledDeliveries } from '../../groups/groups.ts';
import { Refusal } from '../../refusal.ts';
import { chain, type NowOrLater } from '../../util/now-or-later.ts';
import { ConnectionDeliveries } from '../connection-deliveries.ts';
import type { Decided } from '../decided.ts';
import type { CommandOf, Handler } from '../handler.ts';
import type { SessionContext } from '../session-context.ts';

/** Deliveries that cost as much as one command. SPEC.md section 10.2. */
const FREE_DELIVERIES = 100;

type SettlingCommand = CommandOf<'ack'> | CommandOf<'nack'> | CommandOf<'extend'>;

/** The messages were processed. SPEC.md section 4.15. */
export const ack: Handler<'ack'> = (session, command, decided) =>
  chain(settle(session, command, { decided, outcome: { type: 'ack' } }), toResult);

/** Processing the messages failed. SPEC.md section 4.16. */
export const nack: Handler<'nack'> = (session, command, decided) =>
  chain(settle(session, command, { decided, outcome: outcomeOf(command) }), toResult);

/** Processing the messages takes longer. SPEC.md section 4.17. */
export const extend: Handler<'extend'> = (session, command, decided) =>
  chain(settle(session, command, { decided, outcome: { type: 'extend' } }), (settled): ExtendResult | Refusal =>
    settled instanceof Refusal ? settled : { deadline: settled.deadline, ...toResult(settled) },
  );

function outcomeOf({ delay, dead, reason: error }: CommandOf<'nack'>): Outcome {
  const why = error === undefined ? undefined : { error };
  if (dead === true) return { type: 'reject', ...why };
  return { type: 'nack', ...(delay === undefined ? undefined : { delay }), ...why };
}

/** Without a consumer, too: a connection that was resumed settles what the one before it received. */
function settle(
  session: SessionContext,
  command: SettlingCommand,
  { decided, outcome }: { decided: Decided | null; outcome: Outcome },
): NowOrLater<SettledDeliveries | Refusal> {
  const { channel, deliveries: ids } = command;
  const { services, identity, limits } = session;
  limits.charge(Math.floor(ids.length / FREE_DELIVERIES), services.clock);
  const allowed = session.authorize('consume', channel, decided);
  if (allowed instanceof Refusal) return allowed;
  const target = findGroup(allowed, identity, command);
  if (target instanceof Refusal) return target;
  const holder = new ConnectionDeliveries(session, target);
  return chain((services.groups as Groups).settle(target, { ids, outcome, holder }), refuseIfNone);

  function refuseIfNone(settled: SettledDeliveries): SettledDeliveries | Refusal {
    if (settled.expired.length < ids.length) return settled;
    return new Refusal('delivery_expired', `none of the deliveries of "${channel}" is in flight`);
  }
}

function toResult(settled: SettledDeliveries): SettleResult;
function toResult(settled: SettledDeliveries | Refusal): SettleResult | Refusal;
function toResult(settled: SettledDeliveries | Refusal): SettleResult | Refusal {
  if (settled instanceof Refusal) return settled;
  return settled.expired.length === 0 ? {} : { expired: settled.expired };
}
