/**
 * The options of an entry of `keys` and of `apiKeys`: the tables that the parser of keys and the
 * reference use.
 */

import type { JWK } from 'jose';
import { z } from 'zod';
import {
  type Algorithm,
  ASYMMETRIC_ALGORITHMS,
  type AsymmetricAlgorithm,
  HMAC_ALGORITHMS,
  type HmacAlgorithm,
} from '../auth/keys.ts';
import { parseUrl } from '../util/parse-url.ts';
import { option } from './options/option.ts';
import { isPlain } from './problems.ts';
import { oneOf, text } from './values.ts';

/** One key that may sign tokens. */
export type KeyInput =
  | { secret: string; algorithm?: HmacAlgorithm; kid?: string }
  | { secretFile: string; algorithm?: HmacAlgorithm; kid?: string }
  | { secretEnv: string; algorithm?: HmacAlgorithm; kid?: string }
  | { pem: string; algorithm: AsymmetricAlgorithm; kid?: string }
  | { pemFile: string; algorithm: AsymmetricAlgorithm; kid?: string }
  | { jwk: JWK; algorithm?: Algorithm; kid?: string }
  | { jwks: string; algorithms: readonly AsymmetricAlgorithm[] };

/**
 * A backend's key for the HTTP API. `secretFile` and `secretEnv` keep the secret out of the
 * configuration.
 */
export interface ApiKeyInput {
  name: string;
  secret?: string;
  secretFile?: string;
  secretEnv?: string;
  caps?: Record<string, readonly string[]>;
}

const httpsUrl = z.string({ error: 'must be a URL. Example: "https://example.com/.well-known/jwks.json"' }).refine(
  (value) => {
    const url = parseUrl(value);
    const local = url !== null && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
    return url?.protocol === 'https:' || (local && url.protocol === 'http:');
  },
  { error: 'must be an https URL. Otherwise an attacker who changes the response can sign tokens' },
);

const jwk = z.custom<JWK>((value) => isPlain(value) && typeof value.kty === 'string' && value.kty !== '', {
  error: 'must be a JWK. Write an object with "kty"',
});

/** A required text of a key. */
const required = (what: string, description: string) =>
  option({ schema: text(what), required: true, defaultText: 'required', type: 'text', description });

const kid = option({
  schema: text('a key id'),
  defaultText: 'any token',
  type: 'text',
  description: 'The key id (`kid`) in the header of tokens.',
});

const hmac = option({
  schema: oneOf(HMAC_ALGORITHMS),
  default: 'HS256',
  defaultText: '`HS256`',
  type: HMAC_ALGORITHMS.join(', '),
  description: 'The algorithm of the signatures.',
});

const asymmetric = option({
  schema: oneOf(ASYMMETRIC_ALGORITHMS),
  required: true,
  defaultText: 'required',
  type: ASYMMETRIC_ALGORITHMS.join(', '),
  description: 'The algorithm of the signatures.',
});

/** By the option that determines the kind of key; a key has exactly one of them. */
export const KEY_OPTIONS = {
  secret: { secret: required('a secret', 'A shared secret.'), algorithm: hmac, kid },
  secretFile: {
    secretFile: required('the path of a file', 'A file with a shared secret.'),
    algorithm: hmac,
    kid,
  },
  secretEnv: {
    secretEnv: required(
      'the name of an environment variable',
      'The name of an environment variable with a shared secret.',
    ),
    algorithm: hmac,
    kid,
  },
  pem: { pem: required('a public key in PEM', 'A public key or certificate in PEM.'), algorithm: asymmetric, kid },
  pemFile: {
    pemFile: required('the path of a file', 'A file with a public key or certificate in PEM.'),
    algorithm: asymmetric,
    kid,
  },
  jwk: {
    jwk: option({
      schema: jwk,
      required: true,
      defaultText: 'required',
      type: 'object',
      description: 'A JSON Web Key.',
    }),
    algorithm: option({
      schema: oneOf([...HMAC_ALGORITHMS, ...ASYMMETRIC_ALGORITHMS]),
      defaultText: '`alg` of the JWK',
      type: [...HMAC_ALGORITHMS, ...ASYMMETRIC_ALGORITHMS].join(', '),
      description: 'The algorithm of the signatures.',
    }),
    kid: option({ ...kid, defaultText: '`kid` of the JWK' }),
  },
  jwks: {
    jwks: option({
      schema: httpsUrl,
      required: true,
      defaultText: 'required',
      type: 'URL',
      description: 'The https URL of a JSON Web Key Set.',
    }),
    algorithms: option({
      schema: z
        .array(oneOf(ASYMMETRIC_ALGORITHMS), { error: 'is required. Write a list like [RS256] or [ES256]' })
        .min(1, 'is empty. Name at least one, like RS256')
        .readonly(),
      required: true,
      defaultText: 'required',
      type: 'list',
      description: 'The algorithms of the signatures.',
    }),
  },
};

export type KeyKind = keyof typeof KEY_OPTIONS;

const NO_CAPS = 'must be an object. Write patterns and lists of verbs, like { "chat:*": [publish] }';

/** An entry of `apiKeys`. It has exactly one of the three secrets. */
export const API_KEY_OPTIONS = {
  name: required('a name that identifies the key', 'The name of the key in logs and metrics.'),
  secret: option({
    schema: text('a secret'),
    defaultText: 'none',
    type: 'text',
    description: 'The key itself, at least 16 bytes.',
  }),
  secretFile: option({
    schema: text('the path of a file'),
    defaultText: 'none',
    type: 'path',
    description: 'A file with the key.',
  }),
  secretEnv: option({
    schema: text('the name of an environment variable'),
    defaultText: 'none',
    type: 'text',
    description: 'The name of an environment variable with the key.',
  }),
  caps: option({
    schema: z.record(z.string(), z.array(z.string({ error: NO_CAPS }), { error: NO_CAPS }), { error: NO_CAPS }),
    defaultText: 'everything',
    type: 'verbs by pattern',
    description: 'Capabilities of the key, as in a token: `{ "chat:*": ["publish"] }`.',
  }),
};
