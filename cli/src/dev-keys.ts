/** The signing secret and the API key of development mode, kept in an ignored file: so tabs and shell histories survive a restart. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config, Invented } from '@sluice/server/cli-support';
import type { Shell } from './shell.ts';

const FOLDER = '.sluice';
const FILE = 'dev.json';
/** Characters of a secret that is worth keeping. */
const LEAST = 32;

const isSecret = (value: unknown): value is string => typeof value === 'string' && value.length >= LEAST;

/** What an earlier run kept in this folder. */
export function readDevKeys(directory: string): Invented {
  try {
    const kept = JSON.parse(readFileSync(join(directory, FOLDER, FILE), 'utf8')) as Record<string, unknown>;
    return {
      ...(isSecret(kept.secret) ? { devSecret: kept.secret } : {}),
      ...(isSecret(kept.apiKey) ? { devApiKey: kept.apiKey } : {}),
    };
  } catch {
    return {}; // there is none, or it is damaged: new ones are made
  }
}

/** Keeps what this run has made, for the next one. Only this user may read it, and Git ignores it. */
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
      `sluice: the development keys are new at each start, because ${join(folder, FILE)} cannot be written: ${(error as Error).message}`,
    );
  }
}
