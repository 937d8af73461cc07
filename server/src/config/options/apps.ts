import { z } from 'zod';
import { ACCESS_OPTIONS } from './access.ts';
import { CHANNELS_OPTIONS } from './channels.ts';
import { LIMITS_OPTIONS } from './limits.ts';
import { hostName, LISTENING_OPTIONS } from './listening.ts';
import { type InferInput, type InferOptions, option } from './option.ts';
import { OUTGOING_OPTIONS } from './outgoing.ts';
import { SCHEDULES_OPTIONS } from './schedules.ts';

/** First segments of the default app's own paths. */
const TAKEN = ['api', 'console', 'dev', 'health', 'metrics', 'sse', 'ws'];

const path = z
  .string({ error: 'must be a path. Example: "/apps/shop"' })
  .max(200, { error: 'is longer than 200 characters. Choose a shorter path' })
  .regex(/^(?:\/[\w.~-]+)+$/, {
    error: 'is not a path. Write segments of letters, digits, "-", "_", "." and "~", like "/apps/shop"',
  })
  .refine((text) => !text.split('/').some((segment) => segment === '.' || segment === '..'), {
    error: 'must not contain the segments "." and "..": clients resolve them. Write the path that results',
  })
  .refine((text) => !TAKEN.includes(text.split('/')[1] ?? ''), {
    error: `begins like a path of the gateway itself (${TAKEN.join(', ')}). Choose another one, like "/apps/shop"`,
  });

const AT = 'must be an object with a path or a host. Example: { path: /apps/shop }, or { host: shop.example }';
const host = hostName.transform((text) => text.toLowerCase().replace(/\.$/, ''));

/** Exactly one of both. */
const at = z
  .strictObject({ path: path.optional(), host: host.optional() }, { error: AT })
  .transform(({ path: under, host: name }, context) => {
    if (under !== undefined && name === undefined) return { path: under };
    if (name !== undefined && under === undefined) return { host: name };
    context.addIssue({ code: 'custom', message: AT });
    return z.NEVER;
  });

const { unauthenticated, maxFrame, outbound, connectionRate, connectionRatePerAddress, connectionsPerAddress, ...own } =
  LIMITS_OPTIONS;

/** The limits of an app. */
export const APP_LIMITS_OPTIONS = own;

/** The limits of the process, and what it has to offer to all apps together. */
export const PROCESS_LIMITS: Readonly<Record<string, unknown>> = {
  ...{ unauthenticated, maxFrame, outbound, connectionRate, connectionRatePerAddress, connectionsPerAddress },
};

const { sse: _sse, ...access } = ACCESS_OPTIONS;
const { privateTargets: _privateTargets, ...outgoing } = OUTGOING_OPTIONS;

/** What an app may set: everything else belongs to the process. */
export const APP_OPTIONS = {
  at: option({
    schema: at,
    required: true,
    defaultText: 'required',
    type: '`{ path }` or `{ host }`',
    description:
      'Where the app is served: under a path, like `/apps/shop` with its WebSockets at `/apps/shop/ws`, or under a host name.',
  }),
  ...access,
  origins: LISTENING_OPTIONS.origins,
  console: LISTENING_OPTIONS.console,
  ...CHANNELS_OPTIONS,
  ...SCHEDULES_OPTIONS,
  ...outgoing,
  limits: APP_LIMITS_OPTIONS,
};

/** The checked options of an app. */
export type AppSettings = InferOptions<typeof APP_OPTIONS>;

/** An app, as the operator writes it. */
export type AppInput = InferInput<typeof APP_OPTIONS>;

/** Several apps in one gateway. */
export const APPS_OPTIONS = {
  apps: option({
    schema: z.record(z.string(), z.custom<AppInput>(), {
      error: 'must be an object. Write names and their options, like { shop: { at: { path: /apps/shop }, keys: … } }',
    }),
    default: {},
    defaultText: 'none',
    type: 'apps by name',
    description:
      'More apps in this gateway, each with its own keys, rules and channels, under a path or a host name. See docs/apps.md.',
  }),
};
