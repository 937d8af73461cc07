import { duration, flag, MINUTE, SECOND, texts } from '../values.ts';
import { listOf, type Option } from './option.ts';

/** Who is let in, and by which keys. */
export const ACCESS_OPTIONS: readonly Option[] = [
  {
    path: 'keys',
    schema: listOf(
      'like [{ secret: … }], [{ pemFile: …, algorithm: ES256 }] or [{ jwks: https://…, algorithms: [RS256] }]',
    ),
    default: [],
    defaultText: 'none; in development one made for the run',
    type: 'list of keys',
    env: ['SLUICE_SECRET'],
    kind: 'secret',
    description: 'Keys that tokens may be signed with; several for rotation. `SLUICE_SECRET` is one HS256 secret.',
  },
  {
    path: 'issuer',
    schema: texts('an issuer'),
    defaultText: 'not checked',
    type: 'text or list',
    env: ['SLUICE_ISSUER'],
    flag: '--issuer <list>',
    kind: 'list',
    description: 'Accepted values of the claim `iss`.',
  },
  {
    path: 'audience',
    schema: texts('an audience'),
    defaultText: 'not checked',
    type: 'text or list',
    env: ['SLUICE_AUDIENCE'],
    flag: '--audience <list>',
    kind: 'list',
    description: 'Accepted values of the claim `aud`; a token must name one of them.',
  },
  {
    path: 'clockTolerance',
    schema: duration({ min: 0, max: 10 * MINUTE }),
    default: 5 * SECOND,
    defaultText: '`5s`',
    type: 'duration',
    env: ['SLUICE_CLOCK_TOLERANCE'],
    flag: '--clock-tolerance <duration>',
    description: "How far the issuer's clock may be off.",
  },
  {
    path: 'anonymous',
    schema: flag(),
    default: false,
    defaultText: '`false`',
    type: 'boolean',
    env: ['SLUICE_ANONYMOUS'],
    flag: '--anonymous',
    kind: 'boolean',
    description: 'May connections come without a token? They may do what rules allow to `anyone`.',
  },
  {
    path: 'apiKeys',
    schema: listOf('like [{ name: backend, secretEnv: BACKEND_KEY }]'),
    default: [],
    defaultText: 'none; in development one made for the run',
    type: 'list of API keys',
    env: ['SLUICE_API_KEY'],
    kind: 'apiKey',
    description:
      'Keys of backends for the HTTP API. Without `caps` a key may do everything. `SLUICE_API_KEY` is one such secret.',
  },
];
