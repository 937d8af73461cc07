import { describe, expect, it } from 'vitest';
import { parseConfig } from '../src/config/schema.ts';
import { STEPS } from '../src/session/permission-review.ts';
import { SECRET, tokenFor } from './support/tokens.ts';
import { createWorld } from './support/world.ts';

const rules = (channels: object) => parseConfig({ keys: [{ secret: SECRET }], channels: channels as never });

describe('reloaded rules', () => {
  it('apply to new commands, and end what is no longer allowed', async () => {
    const world = await createWorld({
      channels: { 'a:{x}': { allow: { '*': 'users' } }, b: { allow: { '*': 'users' } } },
    });
    const { client } = await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
    for (const type of ['subscribe', 'watch', 'enter'] as const) await client.result({ type, channel: 'a:1' });
    await client.result({ type: 'subscribe', channel: 'b' });

    await world.gateway.reload(
      rules({
        'a:{x}': { allow: { publish: 'users' } },
        b: { allow: { subscribe: 'users' } },
        c: { allow: { '*': 'users' } },
      }),
    );
    await world.idle();
    const ended = client.received.flatMap((message) =>
      'reason' in message && 'channel' in message ? [`${message.type} ${message.channel} ${message.reason}`] : [],
    );
    expect(ended.sort()).toEqual(['left a:1 permission', 'unsubscribed a:1 permission', 'unwatched a:1 permission']);
    expect(await client.request({ type: 'publish', channel: 'b', data: 1 })).toMatchObject({
      error: { name: 'permission_denied' },
    });
    await client.result({ type: 'subscribe', channel: 'c' });
    await client.result({ type: 'unsubscribe', channel: 'b' });
  });

  it('end what no longer has a rule', async () => {
    const world = await createWorld({ channels: { a: { allow: { '*': 'users' } } } });
    const { client } = await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
    await client.result({ type: 'subscribe', channel: 'a' });
    await world.gateway.reload(rules({ b: { allow: { '*': 'users' } } }));
    await world.idle();
    const message = expect.stringContaining('no channel rule matches "a"');
    expect(await client.push('unsubscribed')).toEqual({
      ...{ type: 'unsubscribed', channel: 'a', reason: 'permission', message },
    });
    expect(await client.request({ type: 'subscribe', channel: 'a' })).toMatchObject({
      error: { name: 'channel_unknown' },
    });
  });
});

describe('commands that wait for a decision while the rules are reloaded', () => {
  const doc = { channel: 'doc:1' } as const;

  async function wait() {
    const waiting: ((allowed: boolean) => void)[] = [];
    const grant = () => new Promise<boolean>((resolve) => waiting.push(resolve));
    const world = await createWorld({ channels: { 'doc:{id}': { allow: { '*': grant }, history: true } } });
    const { client } = await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
    const [id] = client.send({ type: 'publish', ...doc, data: 'old' });
    await world.idle();
    const answer = (allowed: boolean) => {
      for (const settle of waiting.splice(0)) settle(allowed);
    };
    const answers = () =>
      client.received.flatMap((message): (number | string)[] => {
        if (message.type === 'reply') return [message.id];
        return message.type === 'error' ? [`${message.id} ${message.error.name}`] : [];
      });
    return { world, client, id, answer, answers };
  }

  it('are decided by the new rules', async () => {
    const { world, id, answer, answers } = await wait();
    await world.gateway.reload(rules({ 'doc:{id}': { allow: { subscribe: 'users' } } }));
    answer(true);
    await world.idle();
    expect(answers()).toContain(`${id} permission_denied`);
  });

  it('are executed if the new rules allow what the old ones refuse', async () => {
    const { world, id, answer, answers } = await wait();
    await world.gateway.reload(rules({ 'doc:{id}': { allow: { '*': 'users' } } }));
    answer(false);
    await world.idle();
    expect(answers()).toContain(id);
  });

  it('are not overtaken by commands that the new rules decide synchronously', async () => {
    const { world, client, id, answer, answers } = await wait();
    await world.gateway.reload(rules({ 'doc:{id}': { allow: { '*': 'users' }, history: true } }));
    const [next] = client.send({ type: 'publish', ...doc, data: 'new' });
    await world.idle();
    answer(true);
    await world.idle();
    expect(answers().slice(1)).toEqual([id, next]);
  });
});

it('a review ends nothing if its functions answer after the rules were replaced', async () => {
  const waiting: ((allowed: boolean) => void)[] = [];
  const grant = () => new Promise<boolean>((resolve) => waiting.push(resolve));
  const world = await createWorld({ channels: { a: { allow: { '*': 'users' } } } });
  const { client } = await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
  await client.result({ type: 'subscribe', channel: 'a' });
  const first = world.gateway.reload(rules({ a: { allow: { '*': grant } } }));
  await world.until(() => waiting.length === 1);
  await world.gateway.reload(rules({ a: { allow: { '*': 'users' } } }));
  waiting[0]?.(false);
  await first;
  await world.idle();
  expect(client.received.map(({ type }) => type)).not.toContain('unsubscribed');
});

it('reloaded rules decide a limited number of subscriptions per turn over all connections', async () => {
  const world = await createWorld({ channels: { 'a:{x}': { allow: { '*': 'users' } } } });
  const token = await tokenFor('ada', { clock: () => world.clock.now() });
  const peers = 5;
  for (let n = 0; n < peers; n++) {
    const { client } = await world.connect(token);
    for (let m = 0; m < STEPS; m++) await client.result({ type: 'subscribe', channel: `a:${m}` });
  }
  const perTurn = new Map<number, number>();
  const count = () => {
    const turn = world.services.scheduler.current;
    perTurn.set(turn, (perTurn.get(turn) ?? 0) + 1);
    return true;
  };
  await world.gateway.reload(rules({ 'a:{x}': { allow: { '*': count } } }));
  const counts = [...perTurn.values()];
  expect(counts.reduce((sum, each) => sum + each, 0)).toBe(peers * STEPS);
  expect(Math.max(...counts)).toBeLessThanOrEqual(STEPS);
});

it('an error in one connection is thrown, and all others lose what is no longer allowed', async () => {
  const world = await createWorld({ channels: { a: { allow: { '*': 'users' } } } });
  const join = async (user: string) => world.connect(await tokenFor(user, { clock: () => world.clock.now() }));
  const peers = [await join('ada'), await join('ben'), await join('cyd')];
  for (const { client } of peers) await client.result({ type: 'subscribe', channel: 'a' });
  const [first] = world.services.registry.all();
  if (first === undefined) throw new Error('no client is connected');
  first.end = () => {
    throw new Error('a mistake');
  };
  await expect(world.gateway.reload(rules({ b: {} }))).rejects.toThrow('a mistake');
  await world.idle();
  const ended = peers.filter(({ client }) => client.received.some(({ type }) => type === 'unsubscribed'));
  expect(ended).toHaveLength(2);
});

it('reloaded rules give no new burst to a connection that has used up its rate', async () => {
  const slow = { a: { allow: { '*': 'users' }, rate: 1 } } as const;
  const world = await createWorld({ channels: slow });
  const { client } = await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
  const publish = () => client.request({ type: 'publish', channel: 'a', data: 1 });
  for (let n = 0; n < 5; n++) expect(await publish()).toMatchObject({ type: 'reply' });
  for (let n = 0; n < 3; n++) {
    await world.gateway.reload(rules(slow));
    expect(await publish()).toMatchObject({ error: { name: 'rate_limited', retryAfter: 1_000 } });
  }
});
