import { LIMITS } from '@sluice/protocol';
import { CHANNEL_NAME, PAYLOADS } from './components.ts';
import type { Operations } from './operation.ts';
import { ANY, body, list, mapOf, NUMBER, ref, reply, type Schema, text, upTo, whole } from './schema.ts';

const FIELDS = {
  event: upTo(LIMITS.eventLength),
  tags: { ...mapOf(text({ maxLength: LIMITS.tagValueLength })), maxProperties: LIMITS.tags },
  trace: text({ description: 'A traceparent (W3C Trace Context)' }),
  key: upTo(LIMITS.keyLength),
  ttl: whole(1, LIMITS.ttl),
};
const EXPECTED = body({ offset: whole() }, { epoch: upTo(200) });

const MESSAGE = body({ channel: CHANNEL_NAME, data: ANY }, { ...FIELDS, if: EXPECTED });
const MANY = body(
  { channels: list(CHANNEL_NAME, { minItems: 1, maxItems: 1000, uniqueItems: true }), data: ANY },
  { ...FIELDS, if: EXPECTED },
);
const limit: Schema = whole(1, LIMITS.historyPage);

/** Publishing, and reading of logs. */
export const MESSAGE_OPERATIONS: Operations = {
  'POST /api/v1/publish': {
    ...{ id: 'publish', tag: 'messages', needs: 'publish' },
    headers: { 'Idempotency-Key': upTo(124, 'The key of messages without one') },
    body: { anyOf: [MESSAGE, MANY, list(MESSAGE, { minItems: 1, maxItems: 1000 })] },
    reply: { anyOf: [ref('PublishResult'), list(ref('PublishEntry'))] },
  },
  'POST /api/v1/schedule': {
    ...{ id: 'schedule', tag: 'messages', needs: 'publish' },
    headers: { 'Idempotency-Key': upTo(124, 'The key of a message without one') },
    body: body({ channel: CHANNEL_NAME, data: ANY }, { ...FIELDS, delay: whole(), at: whole() }),
    reply: reply({ id: text(), at: NUMBER }),
  },
  'POST /api/v1/unschedule': {
    ...{ id: 'unschedule', tag: 'messages', needs: 'publish' },
    body: body({ channel: CHANNEL_NAME, message: upTo(200) }),
    reply: reply({}),
  },
  'POST /api/v1/request': {
    ...{ id: 'request', tag: 'messages', needs: 'request' },
    body: body({ channel: CHANNEL_NAME, data: ANY }, { timeout: whole(1) }),
    reply: reply({}, { data: ANY, replies: list(ANY) }),
  },
  'GET /api/v1/channels/{channel}/messages': {
    ...{ id: 'readMessages', tag: 'messages', needs: 'history' },
    query: {
      ...{ after: whole(), before: whole(), limit, payloads: PAYLOADS },
      filter: text({ description: 'A filter as JSON' }),
    },
    reply: reply(
      { epoch: text(), head: whole(), first: whole(), messages: list(ref('Message')) },
      { covers: reply({ from: whole(), to: whole() }) },
    ),
  },
  'GET /api/v1/channels/{channel}/position': {
    ...{ id: 'readPosition', tag: 'messages', needs: 'history' },
    reply: reply({ epoch: text(), head: whole(), first: whole() }),
  },
  'GET /api/v1/channels/{channel}/members': {
    ...{ id: 'readMembers', tag: 'channels', needs: 'presence' },
    query: { after: whole(), limit },
    reply: reply({ total: whole(), members: list(ref('Member')) }, { next: whole() }),
  },
  'POST /api/v1/members/counts': {
    ...{ id: 'countMembers', tag: 'channels', needs: 'presence' },
    body: body({ channels: list(text(), { minItems: 1, maxItems: 1000 }) }),
    reply: reply({ counts: mapOf(whole()) }, { errors: mapOf(ANY) }),
  },
};
