/**
 * The signing secret and the API key of development mode, stored in a file that Git ignores, so
 * that open tabs and shell histories survive a restart.
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

const isSecret = (value: unknown): value is string => typeof value === 'string' && value.length >= LEAST;

/** The keys that an earlier run stored in this folder. */
export function readDevKeys(directory: string): Invented {
  try {
    const kept = JSON.parse(readFileSync(join(directory, FOLDER, FILE), 'utf8')) as Record<string, unknown>;
    return {
      ...(isSecret(kept.secret) ? { devSecret: kept.secret } : {}),
      ...(isSecret(kept.apiKey) ? { devApiKey: kept.apiKey } : {}),
    };
  } catch {
    return {}; // missing or damaged: new keys are generated
  }
}

/** Stores the keys of this run for the next one. Only this user can read the file, and Git ignores it. */
export function keepDevKeys({ devSecret, devApiKey }: Config, kept: Invented, shell: Shell): void {
  const secret = devSecret ?? kept.devSecret;
  const apiKey = devApiKey ?? kept.devApiKey;
  if (secret === kept.devSecret && apiKey === kept.devApiKey) return;
  const folder = join(shell.cwd, FOLDER);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, '.gitignore'), '*\n');
    writeFileSync(join(folder, FILE), `${JSON.stringify({ secret, apiKey }, null, 2)}\n`, { mode: 0o600 });
  } catch (error) {
    shell.err(
      `sluice: the development keys change at each start, because ${join(folder, FILE)} cannot be written: ${(error as Error).message}`,
    );
  }
}
