import { segment } from '@sluice/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vectors } from '../../protocol/test/vectors.ts';
import { type RealGateway, startGateway } from './support/real-gateway.ts';
import { SECRET, tokenFor } from './support/tokens.ts';
import { createWorld } from './support/world.ts';

/** User names of identity providers, and names that resemble the escaped segment of another name. */
const SUBJECTS = vectors('segments.json').segments.map(({ text }) => text);
const API_KEY = 'an-API-key-that-only-tests-know';

let gateway: RealGateway;

beforeAll(async () => {
  gateway = await startGateway({
    keys: [{ secret: SECRET }],
    channels: {
      'user:{id}': { allow: { '*': 'owner:{id}' }, history: true },
      'team:{id}': { allow: { '*': 'claim:teams:{id}' }, history: true },
      'own:{id}': { allow: { '*': ({ user, params }) => params.id === user }, history: true },
      'caps:{id}': { allow: {}, history: true },
    },
    apiKeys: [{ name: 'backend', secret: API_KEY }],
  });
});

afterAll(() => gateway.stop());

const post = (path: string, body: object): Promise<Response> =>
  fetch(`${gateway.url}/api/v1/${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${API_KEY}` },
    body: JSON.stringify(body),
  });

describe.each(['sluice.v1.json', 'sluice.v1.msgpack'] as const)('a user of an identity provider, %s', (protocol) => {
  it.each(SUBJECTS)('%s has a personal channel, presence, and messages from backends', async (sub) => {
    const caps = { [`caps:${segment(sub)}`]: ['*'] };
    const token = await tokenFor(sub, { caps, claims: { teams: ['other', sub] } });
    const { client } = await gateway.connect(token, protocol);
    for (const kind of ['user', 'team', 'own', 'caps']) {
      const channel = `${kind}:${segment(sub)}`;
      await client.result({ type: 'subscribe', channel });
      await client.result({ type: 'watch', channel });
      await client.result({ type: 'enter', channel, state: 1 });
      expect((await post('publish', { channel, data: kind })).status).toBe(200);
      expect(await client.messages(channel, 1)).toMatchObject([{ data: kind }]);
      await client.result({ type: 'publish', channel, data: 'mine' });
      expect((await client.messages(channel, 2))[1]).toMatchObject({ from: sub });
      const { members } = await client.result<{ members: { user: string }[] }>({ type: 'members', channel });
      expect(members).toMatchObject([{ user: sub }]);
      await client.result({ type: 'leave', channel });
    }
  });
});

it('a user cannot use the channel of another user with a similar name', async () => {
  const world = await createWorld({
    channels: {
      'user:{id}': { allow: { '*': 'owner:{id}' } },
      'team:{id}': { allow: { '*': 'claim:teams:{id}' } },
      'own:{id}': { allow: { '*': ({ user, params }) => params.id === user } },
    },
  });
  for (const sub of SUBJECTS) {
    const clock = () => world.clock.now();
    const { client } = await world.connect(await tokenFor(sub, { clock, claims: { teams: [sub] } }));
    for (const other of SUBJECTS.filter((one) => one !== sub)) {
      for (const kind of ['user', 'team', 'own']) {
        const answer = await client.request({ type: 'subscribe', channel: `${kind}:${segment(other)}` });
        expect(answer, `${sub} on ${kind} of ${other}`).toMatchObject({ error: { name: 'permission_denied' } });
      }
    }
  }
});

it.each(vectors('segments.json').none)('an invalid segment belongs to no user: %s', async (name) => {
  const world = await createWorld({ limits: { operations: 0 } });
  for (const sub of [name, ...SUBJECTS, 'ada', 'a-']) {
    const { client } = await world.connect(await tokenFor(sub, { clock: () => world.clock.now() }));
    const answer = await client.request({ type: 'subscribe', channel: `user:${name}` });
    expect(answer).toMatchObject({ error: { name: 'permission_denied' } });
  }
});

it.each(SUBJECTS)('%s can be revoked by the name in the token', async (sub) => {
  const token = await tokenFor(sub);
  const { client } = await gateway.connect(token);
  expect((await post('revocations', { user: sub, before: Date.now() + 1_000 })).status).toBe(200);
  expect(await client.ended()).toMatchObject({ code: 4102 });
});

it('a claim that contains an escaped segment does not match the unescaped text', async () => {
  const world = await createWorld({ channels: { 'team:{id}': { allow: { '*': 'claim:teams:{id}' } } } });
  const token = await tokenFor('ada', {
    clock: () => world.clock.now(),
    claims: { teams: [segment('a|b'), 'a b', 42] },
  });
  const { client } = await world.connect(token);
  const outcomes = [];
  for (const team of ['a|b', 'a b', segment('a|b'), '42']) {
    outcomes.push((await client.request({ type: 'subscribe', channel: `team:${segment(team)}` })).type);
  }
  expect(outcomes).toEqual(['error', 'reply', 'reply', 'reply']);
});

it('a name that is too long with its escapes is refused with its length', async () => {
  const sub = '李'.repeat(70);
  const channel = `user:${segment(sub)}`;
  const { client } = await gateway.connect(await tokenFor(sub));
  const error = { name: 'channel_invalid', message: expect.stringMatching(/has 635 characters; .*at most 200/) };
  expect(await client.request({ type: 'subscribe', channel })).toMatchObject({ error });
  const answer = await post('publish', { channel, data: 1 });
  expect([answer.status, await answer.json()]).toEqual([400, { error: expect.objectContaining(error) }]);
});

it.each(['auth0|1', 'a b', 'ä'])('an unescaped name is refused with a remedy: %s', async (sub) => {
  const { client } = await gateway.connect(await tokenFor(sub));
  const error = { name: 'channel_invalid', message: expect.stringContaining('segment()') };
  expect(await client.request({ type: 'subscribe', channel: `user:${sub}` })).toMatchObject({ error });
  expect(await (await post('publish', { channel: `user:${sub}`, data: 1 })).json()).toMatchObject({ error });
});
