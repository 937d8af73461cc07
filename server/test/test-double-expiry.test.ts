import { createTestClient } from '@sluice/client/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AnyGateway, GATEWAYS } from './support/two-gateways.ts';

describe.each(GATEWAYS)('$name', ({ start }) => {
  let gateway: AnyGateway;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
  });

  afterEach(async () => {
    await gateway.close();
    vi.useRealTimers();
  });

  it('skips messages that have expired, without a gap', async () => {
    gateway = await start();
    const lobby = gateway.client('ada').channel<string>('chat:lobby');
    await lobby.publish('a');
    await lobby.publish('b', { ttl: 1_000 });
    await lobby.publish('c', { ttl: 60_000 });
    await lobby.publish('d', { ttl: 1_000 });
    const page = await lobby.history();
    expect([page.messages.map(({ data }) => data), page.covers]).toEqual([['a', 'b', 'c', 'd'], undefined]);
    expect(page.messages.map(({ time, expiresAt }) => expiresAt && expiresAt - time)).toEqual([
      ...[undefined, 1_000, 60_000, 1_000],
    ]);
    await gateway.pass(1_000);
    const later = await lobby.history();
    expect([later.messages.map(({ data }) => data), later.covers]).toEqual([['a', 'c'], { from: 1, to: 4 }]);
    const seen: string[] = [];
    const bob = gateway.client('bob').channel<string>('chat:lobby');
    const subscription = bob.subscribe(({ data }) => seen.push(data), { rewind: 4, onGap: () => seen.push('gap') });
    await subscription.ready;
    await bob.publish('e');
    await vi.waitUntil(() => seen.includes('e'), { timeout: 60_000 });
    expect(seen).toEqual(['a', 'c', 'e']);
  });

  it('gives messages the life that the rule says', async () => {
    gateway = await start();
    const offers = gateway.client('ada').channel<string>('offers:1');
    await offers.publish('usual');
    await offers.publish('longer', { ttl: 60_000 });
    await expect(offers.publish('too long', { ttl: 60_001 })).rejects.toMatchObject({
      name: 'command_invalid',
      message: '"ttl" may be at most 60000 ms on channels of "offers:{id}"',
    });
    const { messages } = await offers.history();
    expect(messages.map(({ data, time, expiresAt = 0 }) => [data, expiresAt - time])).toEqual([
      ['usual', 10_000],
      ['longer', 60_000],
    ]);
    await gateway.pass(10_000);
    expect((await offers.history()).messages.map(({ data }) => data)).toEqual(['longer']);
  });
});

it('refuses a rule whose duration is invalid', () => {
  const channels = { 'offers:{id}': { rule: { ttl: { default: '10 seconds' } } } };
  expect(() => createTestClient({ channels })).toThrow(
    'channels["offers:{id}"].rule.ttl.default: is not a duration. Write milliseconds, or "5s", "10m", "24h", "7d"',
  );
});
