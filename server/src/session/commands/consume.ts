import { alreadyConsuming } from '@sluice/protocol';
import { CONSUMERS, consumerKey } from '../../groups/consumer.ts';
import { findGroup } from '../../groups/group-names.ts';
import type { Groups } from '../../groups/groups.ts';
import { Refusal } from '../../refusal.ts';
import type { Handler } from '../handler.ts';

/** Begins to receive messages as a consumer of a group. SPEC.md section 4.13. */
export const consume: Handler<'consume'> = (session, command, decided) => {
  const { channel, prefetch } = command;
  const { services, identity, standings } = session;
  const allowed = session.authorize('consume', channel, decided);
  if (allowed instanceof Refusal) return allowed;
  const target = findGroup(allowed, identity, command);
  if (target instanceof Refusal) return target;
  const { group } = target.ref;
  if (standings.has(CONSUMERS, consumerKey(channel, group))) {
    const { error, detail } = alreadyConsuming(channel, group);
    return new Refusal(error, detail);
  }
  const most = services.settings.limits.subscriptions;
  if (standings.count(CONSUMERS) >= most) {
    return new Refusal('too_many_subscriptions', `a connection may consume at most ${most} groups`);
  }
  const consumer = (services.groups as Groups).consumer(session, target, prefetch);
  if (session.add(consumer)) consumer.start();
  return { group, prefetch: consumer.prefetch, ackTimeout: target.rule.delivery.ackTimeout };
};
