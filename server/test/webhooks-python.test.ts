import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parseSigningKey, signedHeaders } from '../src/outgoing/signing-key.ts';

const KEY = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const PYTHON = process.env.SLUICE_PYTHON ?? 'python3';
const VERIFY = `
import json, sys
from standardwebhooks import Webhook
given = json.load(sys.stdin)
json.dump(Webhook(given["key"]).verify(given["text"], given["headers"]), sys.stdout)
`;

const run = (source: string, input = '') => spawnSync(PYTHON, ['-c', source], { input, encoding: 'utf8' });
const isInstalled = run('import standardwebhooks').status === 0;

// Needs the package "standardwebhooks" of PyPI: SLUICE_PYTHON names the Python that has it.
describe.skipIf(!isInstalled)('the library of Standard Webhooks for Python', () => {
  const text = JSON.stringify([{ type: 'user.online', data: { user: 'ada ✓' } }]);
  const headers = signedHeaders([parseSigningKey(KEY)], { id: 'msg_1', time: Date.now(), body: text });
  const verify = (given: object) => run(VERIFY, JSON.stringify({ key: KEY, text, headers, ...given }));

  it('verifies a signature', () => {
    expect(JSON.parse(verify({}).stdout)).toEqual(JSON.parse(text));
  });

  it.each([
    ['another body', { text: `${text} ` }],
    ['another id', { headers: { ...headers, 'webhook-id': 'msg_2' } }],
    ['another key', { key: `whsec_${Buffer.alloc(32, 8).toString('base64')}` }],
  ])('refuses %s', (_, given) => {
    const { status, stderr } = verify(given);
    expect(status).not.toBe(0);
    expect(stderr).toContain('WebhookVerificationError');
  });
});
