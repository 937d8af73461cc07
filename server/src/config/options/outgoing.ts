import { z } from 'zod';
import { parseNetwork } from '../../outgoing/private-addresses.ts';
import type { HookInput } from '../hook-options.ts';
import type { WebhookInput } from '../webhook-options.ts';
import { option } from './option.ts';

const NO_NETWORK = 'must be an address or a network. Example: "10.0.0.0/8"';
const network = z.string({ error: NO_NETWORK }).refine((text) => parseNetwork(text) !== null, { error: NO_NETWORK });

/** The services of the operator that the gateway calls. */
export const OUTGOING_OPTIONS = {
  hooks: option({
    schema: z.record(z.string(), z.custom<HookInput>(), {
      error: 'must be an object. Write names and their options, like { backend: { url: …, on: [subscribe], keys: … } }',
    }),
    default: {},
    defaultText: 'none',
    type: 'hooks by name',
    description: 'Your backend decides what clients may do. See docs/hooks.md.',
  }),
  webhooks: option({
    schema: z.record(z.string(), z.custom<WebhookInput>(), {
      error: 'must be an object. Write names and their options, like { crm: { url: …, events: [user.*], keys: … } }',
    }),
    default: {},
    defaultText: 'none',
    type: 'webhooks by name',
    description: 'Endpoints that are notified of events. See docs/webhooks.md.',
  }),
  privateTargets: option({
    schema: z.array(network, { error: 'must be a list of networks. Example: ["10.0.0.0/8"]' }).readonly(),
    defaultText: 'none; in development `[127.0.0.0/8, "::1"]`',
    type: 'list of networks',
    env: ['SLUICE_PRIVATE_TARGETS'],
    kind: 'list',
    description:
      'Private addresses to which hooks and webhooks may connect. All other addresses that are not public are refused, also if a name in a URL resolves to one.',
  }),
};
