/** The options of an entry of `webhooks`: the table that the parser and the reference use. */

import { z } from 'zod';
import { WEBHOOK_EVENTS } from '../webhook.ts';
import { type SigningKeyInput, serviceUrl } from './hook-options.ts';
import { option } from './options/option.ts';
import { DAY, duration, HOUR, MINUTE, SECOND, text, whole } from './values.ts';

/** An endpoint that receives webhooks. */
export interface WebhookInput {
  url: string;
  keys: readonly SigningKeyInput[];
  events: readonly string[] | string;
  channels?: readonly string[] | string;
  where?: object;
  debounce?: number | string;
  timeout?: number | string;
  batch?: number;
  keep?: { count?: number; age?: number | string };
}

const NO_WHERE = 'must be a filter. Example: { event: "order.paid" }';
const patterns = z.union([text('a pattern'), z.array(text('a pattern')).readonly()], {
  error: 'must be a pattern or a list of patterns. Example: ["orders:**"]',
});

/** The options of `keep: { … }`. */
export const KEEP_OPTIONS = {
  count: option({
    schema: whole({ min: 1000, max: 10_000_000 }),
    default: 100_000,
    defaultText: '`100000`',
    type: 'number',
    description: 'Maximum number of events that are kept.',
  }),
  age: option({
    schema: duration({ min: MINUTE, max: 90 * DAY }),
    default: 3 * DAY,
    defaultText: '`3d`',
    type: 'duration',
    description: 'Older events are removed.',
  }),
};

/** The options of a webhook. */
export const WEBHOOK_OPTIONS = {
  url: option({
    schema: serviceUrl,
    required: true,
    defaultText: 'required',
    type: 'URL',
    description: 'The URL that receives events, by signed `POST`s with a batch of CloudEvents.',
  }),
  keys: option({
    schema: z
      .array(z.custom<SigningKeyInput>(), {
        error: 'is required, so that the endpoint can verify events. Example: [{ keyEnv: WEBHOOK_KEY }]',
      })
      .min(1, { error: 'is empty. Example: [{ keyEnv: WEBHOOK_KEY }]' })
      .readonly(),
    required: true,
    defaultText: 'required',
    type: 'list of keys',
    description: 'Keys that sign the requests, as those of hooks.',
  }),
  events: option({
    schema: z.union([text('an event'), z.array(text('an event')).readonly()], {
      error: `is required. Choose from ${WEBHOOK_EVENTS.join(', ')}, or write "member.*"`,
    }),
    required: true,
    defaultText: 'required',
    type: 'list',
    description: `What is reported: ${WEBHOOK_EVENTS.map((name) => `\`${name}\``).join(', ')}; \`member.*\` stands for all events that begin with \`member.\`.`,
  }),
  channels: option({
    schema: patterns,
    defaultText: '`**`',
    type: 'patterns',
    description: 'Events of channels are reported only for these.',
  }),
  where: option({
    schema: z.record(z.string(), z.unknown(), { error: NO_WHERE }),
    defaultText: 'all messages',
    type: 'filter',
    description: '`message.published` is reported only for messages that fulfil this filter. See docs/routing.md.',
  }),
  debounce: option({
    schema: duration({ min: 0, max: HOUR }),
    default: 5 * SECOND,
    defaultText: '`5s`',
    type: 'duration',
    description:
      'A channel is reported as vacated, and a user as offline, after this time without a subscription or connection. The longest of all webhooks applies.',
  }),
  timeout: option({
    schema: duration({ min: 100, max: MINUTE }),
    default: 10 * SECOND,
    defaultText: '`10s`',
    type: 'duration',
    description: 'A request that was not answered by then is repeated.',
  }),
  batch: option({
    schema: whole({ min: 1, max: 1000 }),
    default: 100,
    defaultText: '`100`',
    type: 'number',
    description: 'Maximum events of one request.',
  }),
  keep: option({
    schema: z.record(z.string(), z.unknown(), { error: 'must be an object. Example: { count: 100000, age: 3d }' }),
    defaultText: '`{ count: 100000, age: 3d }`',
    type: 'count, age',
    description: 'How many events, and for how long, are kept for an endpoint that does not receive them.',
  }),
};
