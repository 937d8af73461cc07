import { alreadyConsuming } from '@sluice/protocol';
import { CONSUMERS, consumerKey, FINISHING_CONSUMERS } from '../../groups/consumer.ts';
import { findGroup, refuseGroupOfBridge } from '../../groups/group-names.ts';
import type { Groups } from '../../groups/groups.ts';
import { Refusal } from '../../refusal.ts';
import { hasRoomForConsumer } from '../consumer-limit.ts';
import type { Handler } from '../handler.ts';

/** Begins to receive messages as a consumer of a group. SPEC.md section 4.13. */
export const consume: Handler<'consume'> = (session, command, decided) => {
  const { channel, prefetch } = command;
  const { services, identity, standings } = session;
  const allowed = session.authorize('consume', channel, decided);
  if (allowed instanceof Refusal) return allowed;
  const target = findGroup(allowed, identity, command);
  if (target instanceof Refusal) return target;
  const ofBridge = refuseGroupOfBridge(target);
  if (ofBridge !== null) return ofBridge;
  const { group } = target.ref;
  if (standings.has(CONSUMERS, consumerKey(channel, group))) {
    const { error, detail } = alreadyConsuming(channel, group);
    return new Refusal(error, detail);
  }
  const finishing = standings.of(FINISHING_CONSUMERS).get(consumerKey(channel, group));
  if (finishing === undefined && !hasRoomForConsumer(session)) {
    const most = services.settings.limits.subscriptions;
    return new Refusal('too_many_subscriptions', `a connection may consume at most ${most} groups`);
  }
  const consumer = (services.groups as Groups).consumer(session, target, prefetch);
  if (finishing !== undefined) {
    session.forget(finishing);
    consumer.takeOver(finishing);
  }
  if (session.add(consumer)) consumer.start();
  return { group, prefetch: consumer.prefetch, ackTimeout: target.rule.delivery.ackTimeout };
};
