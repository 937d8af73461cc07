/** Keys and API keys: from what is written to what is used. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { JWK } from 'jose';
import { z } from 'zod';
import { parseCapabilities } from '../auth/identity.ts';
import { ASYMMETRIC_ALGORITHMS, HMAC_ALGORITHMS, importKey, type KeyConfig } from '../auth/keys.ts';
import type { ApiKeyConfig } from '../auth/secrets.ts';
import type { Path, Problems } from './problems.ts';
import { oneOf, text } from './values.ts';

/** Where files and environment variables that a key names are looked up. */
export interface Surroundings {
  /** Relative paths start here. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Bytes of an API key: beyond guessing. */
const API_KEY_BYTES = 16;

const NEW_SECRET = 'make one with: openssl rand -base64 48';
const hmac = oneOf(HMAC_ALGORITHMS).default('HS256');
const asymmetric = oneOf(ASYMMETRIC_ALGORITHMS);
const kid = { kid: text('a key id').optional() };

const httpsUrl = z.string({ error: 'must be a URL — like "https://example.com/.well-known/jwks.json"' }).refine(
  (value) => {
    const url = URL.canParse(value) ? new URL(value) : null;
    const local = url !== null && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
    return url?.protocol === 'https:' || (local && url.protocol === 'http:');
  },
  { error: 'must be an https URL — whoever can change an unprotected answer can sign tokens' },
);

const jwk = z.looseObject({ kty: text('the key type') }, { error: 'must be a JWK — an object with kty' });

/** By the property that says what a key is; a key has exactly one of them. */
const SHAPES = {
  secret: z.strictObject({ secret: text('a secret'), algorithm: hmac, ...kid }),
  secretFile: z.strictObject({ secretFile: text('the path of a file'), algorithm: hmac, ...kid }),
  secretEnv: z.strictObject({ secretEnv: text('the name of an environment variable'), algorithm: hmac, ...kid }),
  pem: z.strictObject({ pem: text('a public key in PEM'), algorithm: asymmetric, ...kid }),
  pemFile: z.strictObject({ pemFile: text('the path of a file'), algorithm: asymmetric, ...kid }),
  jwk: z.strictObject({ jwk, algorithm: oneOf([...HMAC_ALGORITHMS, ...ASYMMETRIC_ALGORITHMS]).optional(), ...kid }),
  jwks: z.strictObject({
    jwks: httpsUrl,
    algorithms: z
      .array(asymmetric, { error: 'is required — a list like [RS256] or [ES256]' })
      .min(1, 'is empty — name at least one, like RS256'),
  }),
} as const;

type Shape = keyof typeof SHAPES;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const withKid = (key: { kid?: string | undefined }) => (key.kid === undefined ? {} : { kid: key.kid });

function readText(
  path: Path,
  file: string,
  { directory, problems }: { directory: string; problems: Problems },
): string | undefined {
  const full = resolve(directory, file);
  try {
    return readFileSync(full, 'utf8').trim();
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read';
    problems.add(path, `the file ${full} ${reason} — paths are relative to the configuration file`);
    return undefined;
  }
}

function readEnv(
  path: Path,
  name: string,
  { env, problems }: { env: Surroundings['env']; problems: Problems },
): string | undefined {
  const value = env[name];
  if (value === undefined || value === '') {
    problems.add(path, `the environment variable ${name} is not set — ${NEW_SECRET}`);
    return undefined;
  }
  return value;
}

class KeyReader {
  readonly #around: Surroundings;
  readonly #problems: Problems;

  constructor(around: Surroundings, problems: Problems) {
    this.#around = around;
    this.#problems = problems;
  }

  /** The secret behind `secret`, `secretFile` or `secretEnv`. */
  secret(
    path: Path,
    source: { secret?: string | undefined; secretFile?: string | undefined; secretEnv?: string | undefined },
  ) {
    const { secret, secretFile, secretEnv } = source;
    const problems = this.#problems;
    if (secretFile !== undefined) return readText([...path, 'secretFile'], secretFile, { ...this.#around, problems });
    if (secretEnv !== undefined) return readEnv([...path, 'secretEnv'], secretEnv, { ...this.#around, problems });
    return secret;
  }

  key(path: Path, value: unknown): KeyConfig | undefined {
    const names = isObject(value) ? (Object.keys(SHAPES) as Shape[]).filter((name) => value[name] != null) : [];
    const [name] = names;
    if (name === undefined || names.length > 1) {
      const kinds = Object.keys(SHAPES).join(', ');
      this.#problems.add(
        path,
        `must have exactly one of ${kinds} — it has ${names.length === 0 ? 'none' : names.join(' and ')}`,
      );
      return undefined;
    }
    const key = this.#byShape(path, name, value);
    return key === undefined || 'jwks' in key || this.#imports([...path, name], key) ? key : undefined;
  }

  #byShape(path: Path, name: Shape, value: unknown): KeyConfig | undefined {
    const known = Object.keys(SHAPES[name].shape);
    switch (name) {
      case 'secret':
      case 'secretFile':
      case 'secretEnv': {
        const key = this.#problems.read(path, SHAPES[name] as z.ZodType<SecretInput>, value, known);
        const secret = key && this.secret(path, key);
        return secret === undefined || key === undefined
          ? undefined
          : { secret, algorithm: key.algorithm, ...withKid(key) };
      }
      case 'pem': {
        const key = this.#problems.read(path, SHAPES.pem, value, known);
        return key && { pem: key.pem, algorithm: key.algorithm, ...withKid(key) };
      }
      case 'pemFile': {
        const key = this.#problems.read(path, SHAPES.pemFile, value, known);
        const at = [...path, 'pemFile'];
        const pem = key && readText(at, key.pemFile, { ...this.#around, problems: this.#problems });
        return pem === undefined || key === undefined ? undefined : { pem, algorithm: key.algorithm, ...withKid(key) };
      }
      case 'jwk':
        return this.#jwk(path, this.#problems.read(path, SHAPES.jwk, value, known));
      case 'jwks':
        return this.#problems.read(path, SHAPES.jwks, value, known);
    }
  }

  #jwk(path: Path, key: z.output<typeof SHAPES.jwk> | undefined): KeyConfig | undefined {
    if (key === undefined) return undefined;
    const material = key.jwk as JWK;
    const algorithm = key.algorithm ?? this.#problems.read([...path, 'algorithm'], ALG_OF_JWK, material.alg);
    const id = key.kid ?? material.kid;
    return algorithm && { jwk: material, algorithm, ...(id === undefined ? {} : { kid: id }) };
  }

  #imports(path: Path, key: Exclude<KeyConfig, { jwks: string }>): boolean {
    try {
      importKey(key);
      return true;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#problems.add(path, 'secret' in key ? `${message} — ${NEW_SECRET}` : `${message} — check key and algorithm`);
      return false;
    }
  }
}

interface SecretInput {
  secret?: string | undefined;
  secretFile?: string | undefined;
  secretEnv?: string | undefined;
  algorithm: (typeof HMAC_ALGORITHMS)[number];
  kid?: string | undefined;
}

const ALG_OF_JWK = z.enum([...HMAC_ALGORITHMS, ...ASYMMETRIC_ALGORITHMS], {
  error: 'is required, because the JWK has no alg that can be used — add algorithm',
});

/** Resolves `keys`. What is wrong goes to `problems`. */
export function readKeys(
  values: readonly unknown[],
  around: Surroundings,
  { problems }: { problems: Problems },
): KeyConfig[] {
  const reader = new KeyReader(around, problems);
  return values.flatMap((value, at) => reader.key(['keys', at], value) ?? []);
}

const NO_CAPS = 'must be an object — patterns and lists of verbs, like { "chat:*": [publish] }';

const API_KEY = z.strictObject(
  {
    name: text('a name that tells keys apart'),
    secret: text('a secret').optional(),
    secretFile: text('the path of a file').optional(),
    secretEnv: text('the name of an environment variable').optional(),
    caps: z
      .record(z.string(), z.array(z.string({ error: NO_CAPS }), { error: NO_CAPS }), { error: NO_CAPS })
      .optional(),
  },
  { error: 'must be an object — like { name: backend, secretEnv: BACKEND_KEY }' },
);

/** Where an API key's secret may be written. */
const SECRETS = ['secret', 'secretFile', 'secretEnv'] as const;

/** All that a header can carry without being changed on its way. RFC 6750 section 2.1. */
const VISIBLE = /^[\x21-\x7e]+$/;

/** Resolves `apiKeys`. What is wrong goes to `problems`. */
export function readApiKeys(
  values: readonly unknown[],
  around: Surroundings,
  { problems }: { problems: Problems },
): ApiKeyConfig[] {
  const reader = new KeyReader(around, problems);
  const names = new Set<string>();
  return values.flatMap((value, at) => {
    const path = ['apiKeys', at];
    const key = problems.read(path, API_KEY, value, Object.keys(API_KEY.shape));
    if (key === undefined) return [];
    const { name, caps } = key;
    if (names.has(name))
      problems.add([...path, 'name'], `"${name}" names two keys — the log could not tell them apart`);
    names.add(name);
    const written = isObject(value) ? SECRETS.filter((source) => value[source] != null) : [];
    if (written.length !== 1) {
      problems.add(path, 'must have exactly one of secret, secretFile, secretEnv — keep one of them');
      return [];
    }
    const secret = reader.secret(path, key);
    if (secret === undefined) return [];
    if (Buffer.byteLength(secret) < API_KEY_BYTES) {
      problems.add(path, `the secret has fewer than ${API_KEY_BYTES} bytes — make one with: openssl rand -base64 24`);
    }
    const capabilities = parseCapabilities(caps);
    if (typeof capabilities === 'string')
      problems.add([...path, 'caps'], `${capabilities} — see "capabilities" in the guide`);
    if (!VISIBLE.test(secret)) {
      problems.add(
        path,
        'the secret has a space or a character beyond ASCII in it, which no Authorization header carries — make one without, e.g. with: openssl rand -base64 24',
      );
      return [];
    }
    return [{ name, secret, ...(caps === undefined ? {} : { caps }) }];
  });
}
