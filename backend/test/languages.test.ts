import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createGateway } from '@sluice/server';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const GUIDE = fileURLToPath(new URL('../../docs/backend.md', import.meta.url));
const SECRET = 'a secret of at least thirty-two bytes';
const API_KEY = 'an-API-key-that-only-tests-know';

/** How a snippet of the guide is run: its language there, the name of its file, and the command. */
const LANGUAGES = [
  { language: 'python', file: 'main.py', command: 'python3', arguments: [] },
  { language: 'go', file: 'main.go', command: 'go', arguments: ['run'], version: 'version' },
  { language: 'php', file: 'main.php', command: 'php', arguments: [] },
] as const;

const snippetOf = (guide: string, language: string): string | undefined =>
  new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(guide)?.[1];

describe('the client in the guide', () => {
  for (const { language, file, command, arguments: words, ...rest } of LANGUAGES) {
    const probe = 'version' in rest ? rest.version : '--version';
    const isThere = spawnSync(command, [probe]).status === 0;
    const why = isThere ? '' : ` (skipped: there is no ${command} on this machine)`;
    it.skipIf(!isThere)(`publishes and mints a token in ${language}${why}`, { timeout: 600_000 }, async () => {
      const snippet = snippetOf(await readFile(GUIDE, 'utf8'), language);
      const gateway = createGateway({
        ...{ host: '127.0.0.1', port: 0, keys: [{ secret: SECRET }], log: { level: 'silent' } },
        channels: { 'user:{id}': { allow: { subscribe: 'owner:{id}' }, history: true } },
        apiKeys: [{ name: 'backend', secret: API_KEY }],
      });
      const { url } = await gateway.start();
      const folder = await mkdtemp(join(tmpdir(), 'sluice-snippet-'));
      try {
        await writeFile(join(folder, file), snippet ?? '');
        const env = { ...process.env, SLUICE_URL: url, SLUICE_API_KEY: API_KEY, SLUICE_SECRET: SECRET };
        const { stdout } = await run(command, [...words, file], { cwd: folder, env });
        const [result, token] = stdout.trim().split('\n');
        expect(result).toMatch(/^\S+ 1$/);
        const headers = { Authorization: `Bearer ${API_KEY}` };
        const body = JSON.stringify({ channel: 'user:ada', verb: 'subscribe', token });
        const explained = await fetch(`${url}/api/v1/explain`, { method: 'POST', headers, body });
        expect(await explained.json()).toMatchObject({ allowed: true });
        const page = await fetch(`${url}/api/v1/channels/user:ada/messages`, { headers });
        expect(await page.json()).toMatchObject({ messages: [{ data: { title: 'Build finished' } }] });
        const refused = run(command, [...words, file], { cwd: folder, env: { ...env, SLUICE_API_KEY: 'another key' } });
        await expect(refused, 'names the reason of a refusal').rejects.toMatchObject({
          stderr: expect.stringContaining('unauthorized'),
        });
      } finally {
        await gateway.close();
        await rm(folder, { recursive: true, force: true });
      }
    });
  }
});
