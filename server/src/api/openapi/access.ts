import { LIMITS } from '@sluice/protocol';
import { VERBS } from '../../auth/identity.ts';
import { DECISION_KINDS } from '../../why/recent-decisions.ts';
import { CHANNEL_NAME, CHANNEL_PATTERN, MISSING } from './components.ts';
import type { Operations } from './operation.ts';
import { ANY, body, FLAG, list, NUMBER, oneOf, orNull, ref, reply, text, upTo, whole } from './schema.ts';

const WHOSE = { connection: text(), user: orNull(text()) };
const SUBSCRIPTION = { subscription: text(), sub: whole(1) };
/** What some kinds of decisions have. */
const DECIDED = {
  ...{ channel: text(), log: text(), sub: whole(1), start: ref('Position'), end: ref('Position') },
  ...{ from: ref('Position'), to: ref('Position'), reason: text(), cause: text(), conditions: ANY },
  ...{ command: text(), error: text(), detail: text(), code: whole() },
};

/** Permissions, tokens and tickets. */
export const ACCESS_OPERATIONS: Operations = {
  'POST /api/v1/explain': {
    ...{ id: 'explain', tag: 'access', needs: 'manage' },
    body: body(
      { channel: CHANNEL_PATTERN, verb: oneOf(...VERBS) },
      {
        token: text(),
        identity: {
          type: 'object',
          properties: { user: text(), claims: { type: 'object' }, caps: { type: 'object' } },
        },
      },
    ),
    reply: ref('Explanation'),
  },
  'GET /api/v1/why': {
    ...{ id: 'explainDelivery', tag: 'access', needs: 'manage' },
    query: { user: text(), connection: text(), message: text(), channel: CHANNEL_NAME, offset: whole(1) },
    reply: reply({
      message: reply({ channel: text(), epoch: text(), offset: whole(1) }, { id: text(), time: NUMBER }),
      outcome: text(),
      summary: text(),
      connections: list(reply({ node: text(), ...WHOSE, open: FLAG, outcome: text(), message: text() }, SUBSCRIPTION)),
      since: orNull(NUMBER),
      more: whole(),
      ...MISSING,
    }),
  },
  'GET /api/v1/decisions': {
    ...{ id: 'listDecisions', tag: 'access', needs: 'manage on **' },
    query: {
      ...{ user: text(), connection: text(), channel: text(), kind: oneOf(...DECISION_KINDS) },
      ...{ after: whole(), until: whole(), limit: whole(1, LIMITS.historyPage) },
    },
    reply: reply(
      {
        decisions: list(reply({ time: NUMBER, node: text(), ...WHOSE, kind: oneOf(...DECISION_KINDS) }, DECIDED)),
        more: whole(),
      },
      MISSING,
    ),
  },
  'GET /api/v1/tap': {
    ...{ id: 'tap', tag: 'access', needs: 'manage on the channel; for a user on **' },
    query: { user: text(), channel: CHANNEL_NAME, seconds: whole(1, 60), payloads: oneOf('true', 'false') },
    type: 'application/x-ndjson',
    reply: {},
  },
  'POST /api/v1/revocations': {
    ...{ id: 'revoke', tag: 'access', needs: 'an API key without caps' },
    body: body({}, { user: upTo(1000), jti: upTo(1000), before: whole(), until: whole() }),
    reply: ref('Revocation'),
  },
  'GET /api/v1/revocations': {
    ...{ id: 'listRevocations', tag: 'access', needs: 'an API key without caps' },
    query: { cursor: text({ description: 'The "next" of the page before' }), limit: whole(1, LIMITS.historyPage) },
    reply: reply(
      { revocations: list(ref('Revocation')) },
      { next: text({ description: 'The cursor of the next page; absent on the last one' }) },
    ),
  },
  'POST /api/v1/tickets': {
    ...{ id: 'issueTicket', tag: 'access', needs: 'a token, or an API key without caps' },
    body: body({ channels: list(CHANNEL_NAME, { minItems: 1, maxItems: 100 }) }, { claims: ANY }),
    status: 201,
    reply: reply({ ticket: text(), expiresAt: NUMBER }),
  },
};
