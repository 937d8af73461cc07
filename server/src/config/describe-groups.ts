/** Queues and consumer groups for people to read, in the notation of the configuration. */

import type { DeliveryRule, GroupRule, QueueRule, Rule } from '../rule.ts';
import { formatDuration } from './values.ts';

const describeOrder = (by: NonNullable<DeliveryRule['orderBy']>) => (by.kind === 'all' ? 'all' : `tag:${by.tag}`);

function describeDelivery({ delivery, prefetch, deadLetter }: GroupRule): Record<string, unknown> {
  const { ackTimeout, maxDeliveries, backoff, orderBy, maxUnacked } = delivery;
  return {
    ackTimeout: formatDuration(ackTimeout),
    maxDeliveries,
    backoff: backoff.map(formatDuration),
    ...(deadLetter === null ? {} : { deadLetter }),
    ...(orderBy === null ? {} : { orderBy: describeOrder(orderBy) }),
    prefetch,
    maxUnacked,
  };
}

const describeQueue = (group: GroupRule, { maxLength, overflow }: QueueRule) => ({
  ...describeDelivery(group),
  maxLength,
  overflow,
});

const describeGroup = (group: GroupRule) => ({
  ...describeDelivery(group),
  start: group.delivery.start,
  ...(group.delivery.expires === null ? {} : { expires: formatDuration(group.delivery.expires) }),
});

/** `queue` or `groups` of a rule, if it has them. */
export function describeGroups({ queue, groups }: Rule): Record<string, unknown> {
  const [first] = groups;
  if (first === undefined) return {};
  if (queue !== null) return { queue: describeQueue(first, queue) };
  return { groups: Object.fromEntries(groups.map((group) => [group.name, describeGroup(group)])) };
}
