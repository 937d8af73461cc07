import { MISSING } from './components.ts';
import type { Operation, Operations } from './operation.ts';
import { body, list, NUMBER, oneOf, orNull, reply, text, whole } from './schema.ts';

const WEBHOOKS = '/api/v1/webhooks';

const STATUS = reply(
  {
    name: text(),
    events: list(text()),
    lag: whole(),
    oldest: NUMBER,
    halt: orNull(oneOf('paused', 'gone')),
    failures: whole(),
  },
  {
    node: text(),
    lastError: reply({ failure: text(), message: text(), time: NUMBER }),
    lastReceived: NUMBER,
    ...MISSING,
  },
);

const action = (id: string, more: Partial<Operation> = {}): Operation => ({
  ...{ id, tag: 'webhooks', needs: 'manage on **' },
  body: body({}),
  bodyOptional: true,
  reply: STATUS,
  ...more,
});

/** Webhooks: their state, and what operators can do. */
export const WEBHOOK_OPERATIONS: Operations = {
  [`GET ${WEBHOOKS}`]: {
    ...{ id: 'listWebhooks', tag: 'webhooks', needs: 'manage on **' },
    reply: reply({ webhooks: list(STATUS) }),
  },
  [`GET ${WEBHOOKS}/keys`]: {
    ...{ id: 'listWebhookKeys', tag: 'webhooks' },
    reply: reply({ keys: list(reply({ kty: text(), crv: text(), x: text() })) }),
  },
  [`POST ${WEBHOOKS}/{webhook}/test`]: action('testWebhook', { reply: reply({ recorded: whole() }) }),
  [`POST ${WEBHOOKS}/{webhook}/pause`]: action('pauseWebhook'),
  [`POST ${WEBHOOKS}/{webhook}/resume`]: action('resumeWebhook'),
  [`POST ${WEBHOOKS}/{webhook}/replay`]: {
    ...{ id: 'replayWebhook', tag: 'webhooks', needs: 'manage on **' },
    body: body({ from: whole() }),
    reply: reply({ events: whole() }, MISSING),
  },
};
