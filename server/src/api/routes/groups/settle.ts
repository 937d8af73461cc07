import { deliveryIdsFault, nackFault } from '@sluice/protocol';
import type { Outcome } from '../../../engine/groups.ts';
import { Refusal } from '../../../refusal.ts';
import { type Fields, readFields } from '../../fields.ts';
import type { Route } from '../../route.ts';
import { type GroupServices, onGroup, type PermittedGroup } from './group-access.ts';

/** `POST …/ack`: `{ deliveries }`, as the command `ack`. SPEC.md section 4.15. */
export const ackRoute = (services: GroupServices): Route['handle'] =>
  settleRoute(services, ['deliveries'], () => ({ type: 'ack' }));

/** `POST …/nack`: `{ deliveries, delay?, dead?, reason? }`, as the command `nack`. SPEC.md section 4.16. */
export const nackRoute = (services: GroupServices): Route['handle'] =>
  settleRoute(services, ['deliveries', 'delay', 'dead', 'reason'], readNack);

/** `POST …/extend`: `{ deliveries }`, as the command `extend`. SPEC.md section 4.17. */
export const extendRoute = (services: GroupServices): Route['handle'] =>
  settleRoute(services, ['deliveries'], () => ({ type: 'extend' }));

function settleRoute(
  services: GroupServices,
  known: readonly string[],
  readOutcome: (fields: Fields) => Outcome | Refusal,
): Route['handle'] {
  return (request, parameters) =>
    onGroup(request, services, { verb: 'consume', parameters }, async (group) => {
      const fields = await readFields(request, known);
      if (fields instanceof Refusal) return fields;
      const fault = deliveryIdsFault(fields.deliveries);
      if (fault !== null) return new Refusal('command_invalid', fault);
      const outcome = readOutcome(fields);
      return outcome instanceof Refusal ? outcome : settle(group, fields.deliveries as readonly string[], outcome);
    });
}

function readNack(fields: Fields): Outcome | Refusal {
  const fault = nackFault(fields);
  if (fault !== null) return new Refusal('command_invalid', fault);
  const { delay, dead, reason } = fields as { delay?: number; dead?: boolean; reason?: string };
  const why = reason === undefined ? undefined : { error: reason };
  if (dead === true) return { type: 'reject', ...why };
  return { type: 'nack', ...(delay === undefined ? undefined : { delay }), ...why };
}

async function settle(group: PermittedGroup, ids: readonly string[], outcome: Outcome): Promise<object | Refusal> {
  const { expired, deadline } = await group.groups.settle(group, { ids, outcome });
  if (expired.length === ids.length) {
    return new Refusal('delivery_expired', `none of the deliveries of "${group.ref.channel}" is in flight`);
  }
  return {
    ...(outcome.type === 'extend' ? { deadline } : undefined),
    ...(expired.length === 0 ? undefined : { expired }),
  };
}
