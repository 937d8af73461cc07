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
});
