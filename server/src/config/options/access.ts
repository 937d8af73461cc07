import type { ApiKeyInput, KeyInput } from '../key-options.ts';
import { DAY, duration, flag, MINUTE, SECOND, text, texts, whole } from '../values.ts';
import { listOf, option } from './option.ts';

/** Who may connect, and with which keys. */
export const ACCESS_OPTIONS = {
  keys: option({
    schema: listOf<KeyInput>(
      '[{ secret: … }], [{ pemFile: …, algorithm: ES256 }] or [{ jwks: https://…, algorithms: [RS256] }]',
    ),
    default: [],
    defaultText: 'none; in development one made for the run',
    type: 'list of keys',
    env: ['SLUICE_SECRET'],
    kind: 'secret',
    description: 'Keys that may sign tokens; several for rotation. `SLUICE_SECRET` is one HS256 secret.',
  }),
  issuer: option({
    schema: texts('an issuer'),
    defaultText: 'not checked',
    type: 'text or list',
    env: ['SLUICE_ISSUER'],
    flag: '--issuer <list>',
    kind: 'list',
    description: 'Accepted values of the claim `iss`.',
  }),
  audience: option({
    schema: texts('an audience'),
    defaultText: 'not checked',
    type: 'text or list',
    env: ['SLUICE_AUDIENCE'],
    flag: '--audience <list>',
    kind: 'list',
    description: 'Accepted values of the claim `aud`; a token must name one of them.',
  }),
  clockTolerance: option({
    schema: duration({ min: 0, max: 10 * MINUTE }),
    default: 5 * SECOND,
    defaultText: '`5s`',
    type: 'duration',
    env: ['SLUICE_CLOCK_TOLERANCE'],
    flag: '--clock-tolerance <duration>',
    description: "How far the issuer's clock may be off.",
  }),
  maxTokenLife: option({
    schema: duration({ min: MINUTE, max: 36_600 * DAY }),
    default: 3_660 * DAY,
    defaultText: '`3660d`',
    type: 'duration',
    env: ['SLUICE_MAX_TOKEN_LIFE'],
    flag: '--max-token-life <duration>',
    description: 'Longest time until a token expires; other tokens are refused with `token_claims`.',
  }),
  rememberedTokens: option({
    schema: whole({ min: 0, max: 1_000_000 }),
    default: 10_000,
    defaultText: '`10000`',
    type: 'number',
    env: ['SLUICE_REMEMBERED_TOKENS'],
    flag: '--remembered-tokens <number>',
    kind: 'number',
    description:
      'Number of tokens whose valid signature by an RSA or EC key is remembered, so that mass reconnects do not verify every signature again. `0` verifies every token. Expiry and revocations are always checked. Tokens that are signed with a secret are verified within microseconds, and never remembered.',
  }),
  sse: option({
    schema: flag(),
    default: true,
    defaultText: '`true`',
    type: 'boolean',
    env: ['SLUICE_SSE'],
    flag: '--sse',
    kind: 'boolean',
    description: 'Serve channels as Server-sent events at `/sse`, with the same permissions and limits as WebSockets?',
  }),
  sseCookie: option({
    schema: text('the name of a cookie'),
    defaultText: 'none',
    type: 'text',
    env: ['SLUICE_SSE_COOKIE'],
    flag: '--sse-cookie <name>',
    description:
      'Cookie that may contain the token of a request to `/sse`; accepted only from origins that `origins` lists by name.',
  }),
  anonymous: option({
    schema: flag(),
    default: false,
    defaultText: '`false`',
    type: 'boolean',
    env: ['SLUICE_ANONYMOUS'],
    flag: '--anonymous',
    kind: 'boolean',
    description: 'Are connections without a token accepted? They may do what rules permit to `anyone`.',
  }),
  apiKeys: option({
    schema: listOf<ApiKeyInput>('[{ name: backend, secretEnv: BACKEND_KEY }]'),
    default: [],
    defaultText: 'none; in development one made for the run',
    type: 'list of API keys',
    env: ['SLUICE_API_KEY'],
    kind: 'apiKey',
    description:
      'Keys of backends for the HTTP API. Without `caps` a key may do everything. `SLUICE_API_KEY` is one such secret.',
  }),
};
