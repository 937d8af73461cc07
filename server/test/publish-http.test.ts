import { expect, it } from 'vitest';
import { call, KEYS, startManaged } from './support/managed-gateways.ts';

const MANY = { method: 'POST' } as const;

it('publishes one message to many channels, with a result for each', async () => {
  const gateway = await startManaged();
  const channels = ['chat:a', 'chat:b', 'unknown'];
  const { status, json } = await call(gateway, '/publish', { body: { channels, data: { n: 1 }, event: 'said' } });
  expect(status).toBe(200);
  expect(json).toMatchObject([{ offset: 1 }, { offset: 1 }, { error: { name: 'channel_unknown' } }]);
  for (const channel of ['chat:a', 'chat:b']) {
    const { json: page } = await call(gateway, `/channels/${channel}/messages`);
    expect(page.messages).toMatchObject([{ data: { n: 1 }, event: 'said' }]);
  }
});

it.each<[string, unknown]>([
  ['no list', { channels: 'chat:a', data: 1 }],
  ['no names', { channels: [1], data: 1 }],
  ['none', { channels: [], data: 1 }],
  ['too many', { channels: Array.from({ length: 1001 }, (_, n) => `chat:${n}`), data: 1 }],
  ['a channel twice', { channels: ['chat:a', 'chat:a'], data: 1 }],
  ['a channel, too', { channels: ['chat:a'], channel: 'chat:b', data: 1 }],
])('refuses channels that are %s', async (_, body) => {
  const { status, json } = await call(await startManaged(), '/publish', { body });
  expect([status, json.error.name]).toEqual([400, 'command_invalid']);
});

it('publishes once for each "Idempotency-Key"', async () => {
  const gateway = await startManaged();
  const head = async (channel: string) => (await call(gateway, `/channels/${channel}/position`)).json.head;
  for (const key of ['"build 7"', '"build 7"', 'build-8']) {
    await call(gateway, '/publish', { body: { channel: 'chat:a', data: 1 }, headers: { 'Idempotency-Key': key } });
    const channels = ['chat:b', 'chat:c'];
    await call(gateway, '/publish', { body: { channels, data: 1 }, headers: { 'Idempotency-Key': key } });
    const batch = [1, 2, 3].map((data) => ({ channel: 'chat:d', data, ...(data === 3 ? { key: 'own' } : {}) }));
    await call(gateway, '/publish', { body: batch, headers: { 'Idempotency-Key': key } });
  }
  expect(await Promise.all(['chat:a', 'chat:b', 'chat:c', 'chat:d'].map(head))).toEqual([2, 2, 2, 5]);
  for (const key of ['""', 'x'.repeat(125), 'a b']) {
    const headers = { 'Idempotency-Key': key };
    const { status } = await call(gateway, '/publish', { body: { channel: 'chat:a', data: 1 }, headers });
    expect([key, status]).toEqual([key, 400]);
  }
});

it('answers errors as problem details if the caller accepts them', async () => {
  const gateway = await startManaged();
  const url = `${gateway.url}/api/v1/publish`;
  const headers = { Authorization: `Bearer ${KEYS.root}`, Accept: 'application/problem+json, application/json' };
  const response = await fetch(url, { ...MANY, headers, body: '{"channel":"unknown","data":1}' });
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(await response.json()).toEqual({
    type: 'docs/errors.md#channel_unknown',
    title: 'No channel rule matches this name.',
    status: 404,
    detail: expect.stringContaining('"unknown"'),
    code: 4305,
    name: 'channel_unknown',
    remedy: expect.any(String),
    retryable: false,
  });
  const fine = await fetch(url, { ...MANY, headers, body: '{"channel":"chat:a","data":1}' });
  expect(fine.headers.get('content-type')).toBe('application/json; charset=utf-8');
  const unauthorized = await fetch(url, { ...MANY, headers: { Accept: headers.Accept } });
  expect(unauthorized.status).toBe(401);
  expect(await unauthorized.json()).toMatchObject({ status: 401, name: 'unauthorized' });
});
