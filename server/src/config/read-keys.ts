/** Keys and API keys: from the configuration's input to usable keys. */

import { z } from 'zod';
import { parseCapabilities } from '../auth/identity.ts';
import { ASYMMETRIC_ALGORITHMS, HMAC_ALGORITHMS, importKey, type KeyConfig } from '../auth/keys.ts';
import type { ApiKeyConfig } from '../auth/secrets.ts';
import { API_KEY_OPTIONS, KEY_OPTIONS, type KeyKind } from './key-options.ts';
import type { InferOptions, Table } from './options/option.ts';
import { isPlain, type Path, type Problems } from './problems.ts';
import { readNamedFile } from './read-file.ts';
import { readComplete } from './read-table.ts';
import { readVariable } from './read-variable.ts';

/** Where the files and environment variables of keys are looked up. */
export interface Surroundings {
  /** The base of relative paths. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The path of a key in the configuration, and the context to read it. */
export interface At extends Surroundings {
  readonly path: Path;
  readonly problems: Problems;
}

/** Minimum bytes of an API key, so that it cannot be guessed. */
const API_KEY_BYTES = 16;

const NEW_SECRET = 'Make one with: openssl rand -base64 48';

/** The text of the file that the option `name` names. */
export const readText = (name: string, file: string, { path, directory, problems }: At): string | undefined =>
  readNamedFile(file, { path: [...path, name], directory, problems })?.text.trim();

/** The value of the environment variable that an option names. */
export function readEnv(
  variable: string,
  { path, env, problems }: At,
  { option, advice } = { option: 'secretEnv', advice: NEW_SECRET },
): string | undefined {
  return readVariable(variable, { path: [...path, option], env, problems }, advice);
}

type Reader = (value: unknown, at: At) => KeyConfig | undefined;

/** Reads a key by its table, and makes a usable key of it. */
function reader<T extends Table>(table: T, make: (key: InferOptions<T>, at: At) => KeyConfig | undefined): Reader {
  return (value, at) => {
    const key = readComplete(table, value, at);
    return key && make(key, at);
  };
}

const READERS: Readonly<Record<KeyKind, Reader>> = {
  secret: reader(KEY_OPTIONS.secret, (key) => key),
  secretFile: reader(KEY_OPTIONS.secretFile, ({ secretFile, ...rest }, at) => {
    const secret = readText('secretFile', secretFile, at);
    return secret === undefined ? undefined : { secret, ...rest };
  }),
  secretEnv: reader(KEY_OPTIONS.secretEnv, ({ secretEnv, ...rest }, at) => {
    const secret = readEnv(secretEnv, at);
    return secret === undefined ? undefined : { secret, ...rest };
  }),
  pem: reader(KEY_OPTIONS.pem, (key) => key),
  pemFile: reader(KEY_OPTIONS.pemFile, ({ pemFile, ...rest }, at) => {
    const pem = readText('pemFile', pemFile, at);
    return pem === undefined ? undefined : { pem, ...rest };
  }),
  jwk: reader(KEY_OPTIONS.jwk, ({ jwk, ...given }, { path, problems }) => {
    const algorithm = given.algorithm ?? problems.check([...path, 'algorithm'], ALG_OF_JWK, jwk.alg);
    const kid = given.kid ?? jwk.kid;
    return algorithm && { jwk, algorithm, ...(kid === undefined ? {} : { kid }) };
  }),
  jwks: reader(KEY_OPTIONS.jwks, (key) => key),
};

const ALG_OF_JWK = z.enum([...HMAC_ALGORITHMS, ...ASYMMETRIC_ALGORITHMS], {
  error: 'is required, because the JWK has no alg that can be used. Add algorithm',
});

const KINDS = Object.keys(KEY_OPTIONS) as KeyKind[];

function readKey(value: unknown, at: At): KeyConfig | undefined {
  const kinds = isPlain(value) ? KINDS.filter((kind) => value[kind] != null) : [];
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    const has = kinds.length === 0 ? 'none' : kinds.join(' and ');
    at.problems.add(at.path, `must have exactly one of ${KINDS.join(', ')}. It has ${has}`);
    return undefined;
  }
  const key = READERS[kind](value, at);
  return key === undefined || 'jwks' in key || canImport(key, kind, at) ? key : undefined;
}

function canImport(key: Exclude<KeyConfig, { jwks: string }>, kind: KeyKind, { path, problems }: At): boolean {
  try {
    importKey(key);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    problems.add([...path, kind], `${message}. ${'secret' in key ? NEW_SECRET : 'Check key and algorithm'}`);
    return false;
  }
}

/** Resolves `keys`. Adds errors to `problems`. */
export function readKeys(
  values: readonly unknown[],
  around: Surroundings,
  { problems }: { problems: Problems },
): KeyConfig[] {
  return values.flatMap((value, at) => readKey(value, { ...around, path: ['keys', at], problems }) ?? []);
}

/** The options that may contain an API key's secret. */
const SECRETS = ['secret', 'secretFile', 'secretEnv'] as const;

function readSecret({ secret, secretFile, secretEnv }: InferOptions<typeof API_KEY_OPTIONS>, at: At) {
  if (secretFile !== undefined) return readText('secretFile', secretFile, at);
  return secretEnv === undefined ? secret : readEnv(secretEnv, at);
}

/** The characters that a header carries unchanged. RFC 6750 section 2.1. */
const VISIBLE = /^[\x21-\x7e]+$/;

const NOT_VISIBLE =
  'the secret must not contain whitespace or non-ASCII characters: it travels in an Authorization header. Make one with: openssl rand -base64 24';

function checkSecret(secret: string, { path, problems }: At): void {
  if (Buffer.byteLength(secret) < API_KEY_BYTES) {
    problems.add(path, `the secret has fewer than ${API_KEY_BYTES} bytes. Make one with: openssl rand -base64 24`);
  }
  if (!VISIBLE.test(secret)) {
    problems.add(path, NOT_VISIBLE);
  }
}

function readApiKey(value: unknown, at: At): ApiKeyConfig | undefined {
  const { path, problems } = at;
  if (!isPlain(value)) {
    problems.add(path, 'must be an object. Example: { name: backend, secretEnv: BACKEND_KEY }');
    return undefined;
  }
  const key = readComplete(API_KEY_OPTIONS, value, at);
  if (key === undefined) return undefined;
  const capabilities = parseCapabilities(key.caps);
  if (typeof capabilities === 'string')
    problems.add([...path, 'caps'], `${capabilities}. See "capabilities" in the guide`);
  if (SECRETS.filter((source) => value[source] != null).length !== 1) {
    problems.add(path, 'must have exactly one of secret, secretFile, secretEnv. Keep one of them');
    return undefined;
  }
  const secret = readSecret(key, at);
  if (secret === undefined) return undefined;
  checkSecret(secret, at);
  return { name: key.name, secret, ...(key.caps === undefined ? {} : { caps: key.caps }) };
}

/** Resolves `apiKeys`. Adds errors to `problems`. */
export function readApiKeys(
  values: readonly unknown[],
  around: Surroundings,
  { problems }: { problems: Problems },
): ApiKeyConfig[] {
  const names = new Set<string>();
  return values.flatMap((value, index) => {
    const path = ['apiKeys', index];
    const key = readApiKey(value, { ...around, path, problems });
    if (key === undefined) return [];
    if (names.has(key.name))
      problems.add([...path, 'name'], `"${key.name}" names two keys. Give each key its own name`);
    names.add(key.name);
    return [key];
  });
}
