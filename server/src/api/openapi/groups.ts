import { LIMITS } from '@sluice/protocol';
import { MISSING, PAYLOADS } from './components.ts';
import type { Operation, Operations } from './operation.ts';
import { body, list, NUMBER, orNull, ref, reply, type Schema, text, upTo, whole } from './schema.ts';

const GROUP = '/api/v1/channels/{channel}/groups/{group}';
const DELIVERIES = { deliveries: list(text(), { minItems: 1, maxItems: LIMITS.deliveries }) };
const ORDINALS = list(whole(1), { minItems: 1, maxItems: 1000 });

const group = (id: string, needs: string, more: Pick<Operation, 'reply'> & Partial<Operation>): Operation => ({
  ...{ id, tag: 'groups', needs },
  ...more,
});
const settle = (id: string, more: Readonly<Record<string, Schema>> = {}): Operation =>
  group(id, 'consume', { body: body(DELIVERIES, more), reply: ref('Settled') });

/** Queues and consumer groups. */
export const GROUP_OPERATIONS: Operations = {
  'GET /api/v1/groups': group('listGroups', 'manage on **', {
    reply: reply(
      {
        groups: list(
          reply({
            ...{ channel: text(), group: text(), rule: text(), epoch: text(), floor: whole(), head: whole() },
            ...{ ready: whole(), inFlight: whole(), delayed: whole(), dead: whole(), oldestAge: orNull(NUMBER) },
          }),
        ),
        more: whole(),
      },
      MISSING,
    ),
  }),
  [`GET ${GROUP}`]: group('readGroup', 'consume', {
    reply: reply({
      group: text(),
      epoch: text(),
      floor: whole(),
      head: whole(),
      ready: whole(),
      inFlight: whole(),
      delayed: whole(),
      dead: whole(),
      oldestAge: orNull(NUMBER),
    }),
  }),
  [`POST ${GROUP}/lease`]: group('lease', 'consume', {
    body: body({}, { max: whole(1, LIMITS.prefetch), wait: whole(0, 30_000) }),
    bodyOptional: true,
    reply: reply({ group: text(), deliveries: list(ref('Delivery')) }, { epoch: text(), gaps: list(ref('GroupGap')) }),
  }),
  [`POST ${GROUP}/ack`]: settle('acknowledge'),
  [`POST ${GROUP}/nack`]: settle('giveBack', {
    delay: whole(0, LIMITS.nackDelay),
    dead: { type: 'boolean' },
    reason: upTo(LIMITS.nackReasonLength),
  }),
  [`POST ${GROUP}/extend`]: settle('extend'),
  [`GET ${GROUP}/dead`]: group('listDeadLetters', 'consume', {
    query: { after: whole(), limit: whole(1, 1000), payloads: PAYLOADS },
    reply: reply({ total: whole(), letters: list(ref('DeadLetter')) }, { next: whole() }),
  }),
  [`POST ${GROUP}/redrive`]: group('redrive', 'manage', {
    body: body({}, { ordinals: ORDINALS }),
    bodyOptional: true,
    reply: reply({ redriven: whole() }),
  }),
  [`POST ${GROUP}/discard`]: group('discard', 'manage', {
    body: body({ ordinals: ORDINALS }),
    reply: reply({ discarded: whole() }),
  }),
  [`POST ${GROUP}/seek`]: group('seek', 'manage', {
    body: { anyOf: [body({ offset: whole() }), body({ time: whole() })] },
    reply: reply({ epoch: text(), offset: whole() }),
  }),
};
