/**
 * The signing secrets and the API keys of development mode, of each app, stored in a file that Git
 * ignores, so that open tabs and shell histories survive a restart.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config, Invented } from '@sluice/server/cli-support';
import type { Shell } from './shell.ts';

const FOLDER = '.sluice';
const FILE = 'dev.json';
/** Where the keys are, for people. */
export const KEPT_KEYS = `${FOLDER}/${FILE}`;
/** Minimum characters of a stored secret. */
const LEAST = 32;

type Keys = Pick<Invented, 'devSecret' | 'devApiKey'>;

const isSecret = (value: unknown): value is string => typeof value === 'string' && value.length >= LEAST;

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

/** The keys that an earlier run stored in this folder. */
export function readDevKeys(directory: string): Invented {
  try {
    const kept = fieldsOf(JSON.parse(readFileSync(join(directory, FOLDER, FILE), 'utf8')));
    const apps = Object.entries(fieldsOf(kept.apps)).map(([name, keys]) => ({ name, config: toKeys(fieldsOf(keys)) }));
    return { ...toKeys(kept), apps };
  } catch {
    return {}; // missing or damaged: new keys are generated
  }
}

function toKeys({ secret, apiKey }: Readonly<Record<string, unknown>>): Keys {
  return {
    ...(isSecret(secret) ? { devSecret: secret } : {}),
    ...(isSecret(apiKey) ? { devApiKey: apiKey } : {}),
  };
}

/** Stores the keys of this run for the next one. Only this user can read the file, and Git ignores it. */
export function keepDevKeys(config: Config, kept: Invented, shell: Shell): void {
  const text = textOf({ ...kept, ...keysOf(config), apps: [...(kept.apps ?? []), ...config.apps] });
  if (text === textOf(kept)) return;
  const folder = join(shell.cwd, FOLDER);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, '.gitignore'), '*\n');
    writeFileSync(join(folder, FILE), text, { mode: 0o600 });
  } catch (error) {
    shell.err(
      `sluice: the development keys change at each start, because ${join(folder, FILE)} cannot be written: ${(error as Error).message}`,
    );
  }
}

/** The file's content. Later entries of an app replace what they have. */
function textOf({ apps = [], ...own }: Invented): string {
  const named = new Map<string, Keys>();
  for (const { name, config } of apps) named.set(name, { ...named.get(name), ...keysOf(config) });
  const stored = [...named].filter(([, keys]) => Object.keys(keys).length > 0);
  const content = {
    ...toFields(own),
    ...(stored.length > 0 && { apps: Object.fromEntries(stored.map(([name, keys]) => [name, toFields(keys)])) }),
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

const keysOf = ({ devSecret, devApiKey }: Keys): Keys => ({
  ...(devSecret === undefined ? {} : { devSecret }),
  ...(devApiKey === undefined ? {} : { devApiKey }),
});

const toFields = ({ devSecret: secret, devApiKey: apiKey }: Keys) => ({ secret, apiKey });
