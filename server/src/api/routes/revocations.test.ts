import { expect, it } from 'vitest';
import { createApiKeys } from '../../auth/secrets.ts';
import { EngineUnavailable } from '../../engine/engine.ts';
import type { Request } from '../../transport/http.ts';
import { asTrusted } from './revocations.ts';

const SECRET = 'an-API-key-that-only-tests-know';
const request: Request = {
  method: 'POST',
  path: '/api/v1/revocations',
  query: new URLSearchParams(),
  headers: new Map([['authorization', `Bearer ${SECRET}`]]),
  address: '',
  bodyLength: 0,
  readBody: async () => new Uint8Array(),
};
const services = {
  apiKeys: createApiKeys([{ name: 'backend', secret: SECRET }]),
  verifier: { verify: () => Promise.reject(new Error('a key is no token')) },
};

it('an unavailable engine is not a bug in the gateway', async () => {
  const reply = await asTrusted(request, services, () => Promise.reject(new EngineUnavailable('Redis is away')));
  expect(reply.status).toBe(503);
  expect(JSON.parse(String(reply.body))).toMatchObject({ error: { name: 'unavailable', message: 'Redis is away' } });
});

it('any other failure is', async () => {
  const failed = asTrusted(request, services, () => Promise.reject(new Error('oops')));
  await expect(failed).rejects.toThrow('oops');
});
