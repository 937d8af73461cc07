import { parseSigningKey, type SigningKey } from '../outgoing/signing-key.ts';
import { SIGNING_KEY_OPTIONS } from './hook-options.ts';
import { isPlain, type Path, type Problems } from './problems.ts';
import { readEnv, readText, type Surroundings } from './read-keys.ts';
import { readTable } from './read-table.ts';

const SOURCES = ['key', 'keyFile', 'keyEnv'] as const;
/** While a key is replaced, two sign. */
const MOST = 4;

/** Reads the keys that sign requests. Adds errors to `problems`. */
export function readSigningKeys(
  values: readonly unknown[],
  { path, problems, ...around }: Surroundings & { readonly path: Path; readonly problems: Problems },
): readonly SigningKey[] {
  if (values.length > MOST) problems.add(path, `has more than ${MOST} keys. Remove the old ones`);
  return values.flatMap((value, index) => readSigningKey(value, { ...around, problems, path: [...path, index] }) ?? []);
}

function readSigningKey(
  value: unknown,
  at: Surroundings & { readonly path: Path; readonly problems: Problems },
): SigningKey | undefined {
  const { path, problems } = at;
  const given = isPlain(value) ? SOURCES.filter((source) => value[source] != null) : [];
  const [source] = given;
  if (source === undefined || given.length > 1) {
    problems.add(path, `must have exactly one of ${SOURCES.join(', ')}. Example: { keyEnv: HOOK_KEY }`);
    return undefined;
  }
  const { key, keyFile, keyEnv } = readTable(SIGNING_KEY_OPTIONS, value, { path, problems });
  const text =
    keyFile === undefined
      ? keyEnv === undefined
        ? key
        : readEnv(keyEnv, at, NEW_KEY)
      : readText('keyFile', keyFile, at);
  return text === undefined ? undefined : parse(text, { path: [...path, source], problems });
}

const NEW_KEY = { option: 'keyEnv', advice: 'Make one with: echo "whsec_$(openssl rand -base64 32)"' };

function parse(text: string, { path, problems }: { path: Path; problems: Problems }): SigningKey | undefined {
  try {
    return parseSigningKey(text);
  } catch (error) {
    problems.add(path, (error as Error).message);
    return undefined;
  }
}
