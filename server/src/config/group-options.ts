/** The options of queues and consumer groups: the tables that the parser of rules and the reference use. */

import { z } from 'zod';
import { option } from './options/option.ts';
import { DAY, duration, HOUR, MINUTE, oneOf, SECOND, text, whole } from './values.ts';

const NO_ORDER = 'must be "all" or "tag:<name>". Example: "tag:customer"';

/** The options that a queue and a group share. */
const DELIVERY_OPTIONS = {
  ackTimeout: option({
    schema: duration({ min: SECOND, max: 12 * HOUR }),
    default: 30 * SECOND,
    defaultText: '`30s`',
    type: 'duration',
    description: 'A delivery that is not acknowledged within this time is delivered again.',
  }),
  maxDeliveries: option({
    schema: whole({ min: 0, max: 1000 }),
    default: 5,
    defaultText: '`5`',
    type: 'number',
    description: 'A message that was delivered this often becomes a dead letter; 0: unlimited.',
  }),
  backoff: option({
    schema: z
      .array(duration({ min: 0, max: DAY }), { error: 'must be a list of durations. Example: [1s, 10s, 1m]' })
      .max(20, { error: 'may have at most 20 entries. The last one repeats' })
      .readonly(),
    default: [SECOND, 10 * SECOND, MINUTE],
    defaultText: '`[1s, 10s, 1m]`',
    type: 'list of durations',
    description:
      'Waits before the second, third… delivery; the last value repeats. Each wait varies by up to a fifth. An empty list: at once.',
  }),
  deadLetter: option({
    schema: text('a channel, like "dead:{kind}"'),
    defaultText: 'none',
    type: 'channel',
    description:
      "The channel to which dead letters are published. It may use the params of the rule's pattern. Without it they stay in the group's dead list.",
  }),
  orderBy: option({
    schema: z.string({ error: NO_ORDER }).regex(/^(all|tag:.{1,64})$/, { error: NO_ORDER }),
    defaultText: 'no order',
    type: '`tag:<name>`, `all`',
    description:
      'At most one message per value of the tag is in flight, and they come in order; `all`: one message after the other.',
  }),
  prefetch: option({
    schema: whole({ min: 1, max: 1000 }),
    default: 32,
    defaultText: '`32`',
    type: 'number',
    description: 'Maximum unacknowledged deliveries of one consumer.',
  }),
  maxUnacked: option({
    schema: whole({ min: 1, max: 10_000 }),
    default: 10_000,
    defaultText: '`10000`',
    type: 'number',
    description: 'While this many messages were delivered and are not settled, no new message is delivered.',
  }),
};

/** The options of `queue: { … }`. */
export const QUEUE_OPTIONS = {
  ...DELIVERY_OPTIONS,
  maxLength: option({
    schema: whole({ min: 1, max: 10_000_000 }),
    default: 100_000,
    defaultText: '`100000`',
    type: 'number',
    description: 'Maximum unacknowledged messages.',
  }),
  overflow: option({
    schema: oneOf(['reject', 'dead-letter']),
    default: 'reject',
    defaultText: '`reject`',
    type: '`reject`, `dead-letter`',
    description:
      'At `maxLength`: publishes are refused with `queue_full`, or the oldest message that was not delivered yet becomes a dead letter.',
  }),
};

/** The options of an entry of `groups: { … }`. */
export const GROUP_OPTIONS = {
  ...DELIVERY_OPTIONS,
  start: option({
    schema: oneOf(['oldest', 'newest']),
    default: 'oldest',
    defaultText: '`oldest`',
    type: '`oldest`, `newest`',
    description:
      'Where the group begins when it is used for the first time: at the oldest message, or after the newest.',
  }),
  expires: option({
    schema: duration({ min: MINUTE, max: 3650 * DAY }),
    defaultText: '`30d` for a group per user, otherwise never',
    type: 'duration',
    description: 'A group that is not used for this long is deleted.',
  }),
};

/** How long a group per user lives unless the configuration says otherwise. */
export const USER_GROUP_EXPIRES = 30 * DAY;
