/** The options of an entry of `hooks`, and of its keys: the tables that the parser and the reference use. */

import { z } from 'zod';
import { FAILURE_POLICIES, HOOK_KINDS, type HookFunction, type HookKind } from '../hook.ts';
import { parseUrl } from '../util/parse-url.ts';
import { option } from './options/option.ts';
import { DAY, duration, KIB, MIB, MINUTE, oneOf, SECOND, size, someOf, text, whole } from './values.ts';

/** A key that signs requests to a backend; exactly one of the fields. */
export interface SigningKeyInput {
  key?: string;
  keyFile?: string;
  keyEnv?: string;
}

/** The options that all hooks have. */
interface CommonHookInput {
  channels?: readonly string[] | string;
  timeout?: number | string;
  onFailure?: (typeof FAILURE_POLICIES)[number];
  ttl?: number | string;
}

/** A backend that is asked over HTTP. */
export interface HttpHookInput extends CommonHookInput {
  url: string;
  on?: readonly HookKind[] | HookKind;
  keys: readonly SigningKeyInput[];
  concurrency?: number;
  maxAnswer?: number | string;
}

/** Functions of the program that are asked. */
export interface FunctionHookInput extends CommonHookInput {
  connect?: HookFunction;
  subscribe?: HookFunction;
  publish?: HookFunction;
  enter?: HookFunction;
  request?: HookFunction;
  recheck?: HookFunction;
}

/** A hook: a URL, or functions. */
export type HookInput = HttpHookInput | FunctionHookInput;

const isHttpUrl = (value: string): boolean => {
  const url = parseUrl(value);
  return (url?.protocol === 'https:' || url?.protocol === 'http:') && url.username === '' && url.password === '';
};

/** The URL of a service that the gateway calls. */
export const serviceUrl = z
  .string({ error: 'must be a URL. Example: "https://api.example.com/sluice"' })
  .refine(isHttpUrl, { error: 'must be an http or https URL without a password. Requests are signed instead' });

const patterns = z.union([text('a pattern'), z.array(text('a pattern')).readonly()], {
  error: 'must be a pattern or a list of patterns. Example: ["private:**"]',
});

/** The options of a hook; functions have the names of the operations. */
export const HOOK_OPTIONS = {
  url: option({
    schema: serviceUrl,
    defaultText: 'none: the hook has functions',
    type: 'URL',
    description: 'The URL of your backend. It is asked by a signed `POST`.',
  }),
  on: option({
    schema: someOf(HOOK_KINDS, 'operations'),
    defaultText: 'none: only for `respond` of a rule',
    type: 'list',
    description: `The operations about which the backend is asked: ${HOOK_KINDS.join(', ')}. An embedded hook has a function for each instead.`,
  }),
  channels: option({
    schema: patterns,
    defaultText: '`**`',
    type: 'patterns',
    description:
      'The channels of the hook. Of several hooks, the one with the most specific matching pattern is asked.',
  }),
  keys: option({
    schema: z
      .array(z.custom<SigningKeyInput>(), { error: 'must be a list. Example: [{ keyEnv: HOOK_KEY }]' })
      .readonly(),
    defaultText: 'required with `url`',
    type: 'list of keys',
    description: 'Keys that sign the requests, all of them at the same time; two while you replace one.',
  }),
  timeout: option({
    schema: duration({ min: 10, max: MINUTE }),
    default: SECOND,
    defaultText: '`1s`',
    type: 'duration',
    description: 'A hook that has not answered completely by then has failed.',
  }),
  onFailure: option({
    schema: oneOf(FAILURE_POLICIES),
    default: 'deny',
    defaultText: '`deny`',
    type: FAILURE_POLICIES.map((name) => `\`${name}\``).join(', '),
    description:
      'What happens if the hook fails: the operation is refused with `unavailable`, allowed, or decided by the last answer about the same user and channel, and refused if there is none.',
  }),
  ttl: option({
    schema: duration({ min: 0, max: DAY }),
    default: 0,
    defaultText: '`0`',
    type: 'duration',
    description:
      'How long answers to `connect`, `subscribe` and `enter` are remembered on each node. An answer may have a `ttl` of its own.',
  }),
  concurrency: option({
    schema: whole({ min: 1, max: 10_000 }),
    default: 128,
    defaultText: '`128`',
    type: 'number',
    description: 'Maximum calls to the URL at the same time, of each node. Further calls wait.',
  }),
  maxAnswer: option({
    schema: size({ min: KIB, max: 16 * MIB }),
    default: 256 * KIB,
    defaultText: '`256KiB`',
    type: 'size',
    description: 'An answer with more bytes is a failure.',
  }),
};

/** The options that only a hook with a URL has. */
export const HTTP_HOOK_ONLY = ['on', 'keys', 'concurrency', 'maxAnswer'] as const;

/** An entry of `keys` of a hook. It has exactly one of them. */
export const SIGNING_KEY_OPTIONS = {
  key: option({
    schema: text('a key'),
    defaultText: 'none',
    type: 'text',
    description: 'The key itself: `whsec_` and base64 for HMAC, `whsk_` and base64 or PEM for Ed25519.',
  }),
  keyFile: option({
    schema: text('the path of a file'),
    defaultText: 'none',
    type: 'path',
    description: 'A file with the key.',
  }),
  keyEnv: option({
    schema: text('the name of an environment variable'),
    defaultText: 'none',
    type: 'text',
    description: 'The name of an environment variable with the key.',
  }),
};
