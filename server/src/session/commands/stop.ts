import { notConsuming } from '@sluice/protocol';
import { CONSUMERS, consumerKey } from '../../groups/consumer.ts';
import { findGroup } from '../../groups/group-names.ts';
import { Refusal } from '../../refusal.ts';
import type { Handler } from '../handler.ts';

/** Stops receiving messages of a group; what is in flight may still be settled. SPEC.md section 4.14. */
export const stop: Handler<'stop'> = (session, command) => {
  const { channel } = command;
  const { services, identity, standings } = session;
  const match = services.rules.match(channel);
  const target = match === null ? null : findGroup(match, identity, command);
  if (target === null || target instanceof Refusal) return refused(channel, command.group ?? '');
  const { group } = target.ref;
  const consumer = standings.of(CONSUMERS).get(consumerKey(channel, group));
  if (consumer === undefined) return refused(channel, group);
  session.forget(consumer);
  consumer.finish();
  if (consumer.isBusy) session.add(consumer);
  return {};
};

function refused(channel: string, group: string): Refusal {
  const { error, detail } = notConsuming(channel, group);
  return new Refusal(error, detail);
}
