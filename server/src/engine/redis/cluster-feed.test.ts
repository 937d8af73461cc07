import { EventEmitter } from 'node:events';
import type { Redis } from 'ioredis';
import { expect, it, vi } from 'vitest';
import { ClusterFeed } from './cluster-feed.ts';

/** A node's listening connection, which cannot be made the first time. */
class FakeConnection extends EventEmitter {
  status = 'wait';
  readonly asked: unknown[][] = [];
  readonly #fails: boolean;

  constructor(fails: boolean) {
    super();
    this.#fails = fails;
  }

  async connect(): Promise<void> {
    if (this.#fails) throw new Error('ECONNREFUSED');
    this.status = 'ready';
    this.emit('ready');
  }

  async call(...command: unknown[]): Promise<void> {
    this.asked.push(command);
  }

  async ping(): Promise<void> {}
  disconnect(): void {}
}

it('begins later if the node was unreachable at first, and reports it', async () => {
  const connections: FakeConnection[] = [];
  const connect = () => {
    const connection = new FakeConnection(connections.length === 0);
    connections.push(connection);
    return connection as unknown as Redis;
  };
  const slots = { ownerOf: () => 'node:1', refresh: async () => {}, onRefresh: () => {} };
  const feed = new ClusterFeed({ label: 'c', slots, nodeAt: () => ({ label: 'n', connect }), beat: 60_000 });
  const restored = vi.fn();
  await expect(feed.subscribe('a', { message: () => {}, restored }, { last: true })).rejects.toThrow();
  await vi.waitUntil(() => restored.mock.calls.length > 0, { timeout: 60_000 });
  expect(connections.at(-1)?.asked).toEqual([['ssubscribe', 'a']]);
  feed.close();
});
