import type { Json } from '@sluice/protocol';
import { expect, it } from 'vitest';
import { createApiKeys } from '../../auth/secrets.ts';
import type { BackendRequests } from '../../requests/backend-requests.ts';
import { ReplyQueue } from '../../requests/reply-queue.ts';
import type { Request } from '../../transport/http.ts';
import { requestRoute } from './request.ts';

const SECRET = 'an-API-key-that-only-tests-know';
const request: Request = {
  method: 'POST',
  path: '/api/v1/request',
  query: new URLSearchParams(),
  headers: new Map([['authorization', `Bearer ${SECRET}`]]),
  address: '',
  bodyLength: 2,
  readBody: async () => new TextEncoder().encode('{}'),
};

it.each<[string, readonly Json[], { data?: Json }, object]>([
  ['one reply', [], { data: 'a' }, { data: 'a' }],
  ['an empty stream', [], {}, { replies: [] }],
  ['several replies, the last one without data', ['a', 'b'], {}, { replies: ['a', 'b'] }],
  ['several replies, the last one with data', ['a', 'b'], { data: 'c' }, { replies: ['a', 'b', 'c'] }],
  ['a last reply of null', ['a'], { data: null }, { replies: ['a', null] }],
])('collects %s', async (_, replies, end, expected) => {
  const queue = new ReplyQueue(() => {});
  for (const reply of replies) queue.reply(reply, 1);
  queue.settle(end);
  const { status, body } = await requestRoute({
    apiKeys: createApiKeys([{ name: 'backend', secret: SECRET }]),
    verifier: { verify: () => Promise.reject(new Error('a key is no token')) },
    backendRequests: { send: async () => queue } as unknown as BackendRequests,
  })(request);
  expect([status, JSON.parse(String(body))]).toEqual([200, expected]);
});
