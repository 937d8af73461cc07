import type { Operation, Operations } from './operation.ts';
import { ANY, body, list, reply, text, whole } from './schema.ts';

const WEBHOOKS = '/api/v1/webhooks';

const action = (id: string, more: Partial<Operation> = {}): Operation => ({
  ...{ id, tag: 'webhooks', needs: 'manage on **' },
  body: body({}),
  bodyOptional: true,
  reply: reply({}),
  ...more,
});

/** Webhooks: their state, and what operators can do. */
export const WEBHOOK_OPERATIONS: Operations = {
  [`GET ${WEBHOOKS}`]: {
    ...{ id: 'listWebhooks', tag: 'webhooks', needs: 'manage on **' },
    reply: reply({ webhooks: list(reply({ name: text() })) }),
  },
  [`GET ${WEBHOOKS}/keys`]: {
    ...{ id: 'listWebhookKeys', tag: 'webhooks' },
    reply: reply({ keys: list(ANY) }),
  },
  [`POST ${WEBHOOKS}/{webhook}/test`]: action('testWebhook'),
  [`POST ${WEBHOOKS}/{webhook}/pause`]: action('pauseWebhook'),
  [`POST ${WEBHOOKS}/{webhook}/resume`]: action('resumeWebhook'),
  [`POST ${WEBHOOKS}/{webhook}/replay`]: {
    ...{ id: 'replayWebhook', tag: 'webhooks', needs: 'manage on **' },
    body: body({ from: whole() }),
    reply: reply({}),
  },
};
