import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { KEYS, startManaged } from './support/managed-gateways.ts';

const VERSION = '4.32.5';
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/schemathesis/', import.meta.url));
/** Milliseconds: a busy machine needs minutes for the requests, and to install the fuzzer. */
const LONG = 900_000;
const run = promisify(execFile);

/** The fuzzer: named by the environment, on the path, or installed before. */
const FOUND = [process.env.SLUICE_SCHEMATHESIS, 'schemathesis', join(CACHE, 'bin/schemathesis')].find(
  (name) => name !== undefined && spawnSync(name, ['--version']).status === 0,
);
const installs = FOUND === undefined && process.env.CI === 'true';
const why = FOUND === undefined && !installs ? ' (skipped: pip install schemathesis, or set SLUICE_SCHEMATHESIS)' : '';

async function findFuzzer(): Promise<string> {
  if (FOUND !== undefined) return FOUND;
  if (!existsSync(CACHE)) await run('python3', ['-m', 'venv', CACHE]);
  await run(join(CACHE, 'bin/pip'), ['install', '--quiet', `schemathesis==${VERSION}`]);
  return join(CACHE, 'bin/schemathesis');
}

const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
];
/** Nobody responds to requests, so they fail by design; a drain would stop the gateway; a tap lasts; there is nothing to reload. */
const EXCLUDED = ['/api/v1/request', '/api/v1/tap', '/api/v1/reload', '/api/v1/drain', '/api/v1/openapi.json'];

describe('the HTTP API', () => {
  it.skipIf(why !== '')(
    `answers whatever its description allows, and what it forbids, as it is described${why}`,
    { timeout: LONG },
    async () => {
      const fuzzer = await findFuzzer();
      const gateway = await startManaged({
        channels: {
          '**': { allow: {}, history: true, schedule: { maxDelay: '1d' } },
          'jobs:{kind}': { allow: {}, queue: {} },
        },
        sse: true,
      });
      const faults: unknown[] = [];
      gateway.services.events.on('fault', (fault) => faults.push(fault));
      const options = [
        '--checks',
        CHECKS.join(','),
        '--max-examples',
        '15',
        '--seed',
        '7',
        '--phases',
        'examples,coverage,fuzzing',
      ];
      const exclude = EXCLUDED.flatMap((path) => ['--exclude-path', path]);
      const target = [`${gateway.url}/api/v1/openapi.json`, '-H', `Authorization: Bearer ${KEYS.root}`];
      const outcome = await run(
        fuzzer,
        ['run', ...target, '--continue-on-failure', ...options, ...exclude, '--no-color'],
        {
          maxBuffer: 64 * 1024 * 1024,
          cwd: tmpdir(), // it writes a folder of its own
        },
      ).then(
        ({ stdout }) => stdout,
        (error: { stdout?: string; stderr?: string }) =>
          `FAILED\n${error.stdout ?? ''}${error.stderr ?? String(error)}`,
      );
      if (outcome.startsWith('FAILED')) throw new Error(outcome.slice(0, 30_000));
      expect(faults).toEqual([]);
      expect((await fetch(`${gateway.url}/health/live`)).status).toBe(200);
    },
  );
});
