import { EventEmitter } from 'node:events';
import type { InboundBridge } from '@sluice/server/bridging';
import { describe, expect, it } from 'vitest';
import { ModelHost } from '../../test/support/model-host.ts';
import type { KafkaClient } from './kafka-connection.ts';
import { KafkaGroup } from './kafka-group.ts';
import { KafkaSource } from './kafka-source.ts';

class CountingHost extends ModelHost {
  readonly counts: unknown[] = [];

  readonly problems: unknown[] = [];

  override count(...counted: unknown[]): void {
    this.counts.push(counted);
  }

  override moved(_: unknown, problem?: string): void {
    if (problem !== undefined) this.problems.push(problem);
  }
}

const GET_API = Symbol('getApi');

/** A topic with two partitions; the leaders change when a test says so. */
class Cluster {
  leaders: readonly number[] = [1, 1];
  commits = 0;
  failCommits = 0;
  listed: unknown;
  readonly host = new CountingHost(async () => {});

  #parts(start: string, committed: readonly bigint[]) {
    const cluster = this;
    const metadata = async () => ({
      brokers: new Map([[1, {}]]),
      topics: new Map([
        ['orders', { id: 'id', partitionsCount: 2, partitions: cluster.leaders.map((leader) => ({ leader })) }],
      ]),
    });
    class Base {
      readonly connections = { get: async () => 'connection' };
      metadata = metadata;
      close = async () => {};
      [GET_API](_: string, answer: (error: null, api: unknown) => void): void {
        answer(null, { async: () => new Promise(() => {}) }); // there are no records
      }
    }
    class Consumer extends EventEmitter {
      readonly topics = { trackAll: () => {} };
      readonly assignments = [{ topic: 'orders', partitions: [0, 1] }];
      memberId: string | null = null;
      joinGroup = async () => 'member';
      metadata = metadata;
      close = async () => {};
      listOffsets = async ({ timestamp, partitions }: { timestamp: bigint; partitions: { orders: number[] } }) => {
        cluster.listed = partitions.orders;
        const offsets = Array<bigint>(2);
        for (const at of partitions.orders) offsets[at] = timestamp === -1n ? 20n : 5n;
        return new Map([['orders', offsets]]);
      };
      listCommittedOffsets = async () => new Map([['orders', committed]]);
      commit = async () => {
        cluster.commits += 1;
        if (cluster.commits <= cluster.failCommits) throw new Error('the coordinator has moved');
      };
      [GET_API](): void {}
    }
    const client = { Base, Consumer, kGetApi: GET_API } as unknown as KafkaClient;
    const config = {
      connection: { brokers: ['kafka:9092'] },
      from: { topics: ['orders'], group: 'sluice', start, maxBytes: 1_000 },
    } as unknown as InboundBridge;
    return { client, config, host: this.host };
  }

  join(start = 'oldest', committed: readonly bigint[] = [4n, 5n]) {
    const group = new KafkaGroup({ ...this.#parts(start, committed), memberId: null, failed: () => {} });
    return { group, joined: group.join() };
  }

  open(committed: readonly bigint[]) {
    const { client, config, host } = this.#parts('oldest', committed);
    return new KafkaSource(client, config, host).open();
  }
}

it('offsets that retention has removed are counted once, also if the commit behind them fails', async () => {
  const cluster = new Cluster();
  cluster.failCommits = 1;
  await expect(cluster.join().joined).rejects.toThrow('the coordinator has moved');
  expect(cluster.host.counts).toEqual([]);
  await expect(cluster.join().joined).rejects.toThrow('orders/0 from 4, it goes on at 5');
  expect(cluster.host.counts).toEqual([['lost', 1, expect.stringContaining('from 4 to 4')]]);
});

describe('a partition without a leader', () => {
  it('does not keep the bridge from reading the others, until it has one', async () => {
    const cluster = new Cluster();
    cluster.leaders = [1, -1];
    const { group, joined } = cluster.join('oldest', [7n, 7n]);
    await joined;
    expect([...(await group.partitions()).values()]).toMatchObject([{ partition: 0, next: 7n }]);
    expect(cluster.listed).toEqual([0]);
    expect(cluster.host.problems).toEqual([expect.stringContaining('orders/1')]);
    cluster.leaders = [1, 1];
    await expect(group.partitions()).rejects.toThrow('joining again');
    const again = cluster.join('oldest', [7n, 7n]);
    await again.joined;
    expect((await again.group.partitions()).size).toBe(2);
  });

  it('is reported if it loses its leader after it was assigned, and keeps its place', async () => {
    const cluster = new Cluster();
    const source = await cluster.open([7n, 7n]);
    expect(cluster.host.problems).toEqual([]);
    cluster.leaders = [1, -1];
    const reading = source.read(1);
    await expect.poll(() => cluster.host.problems).toEqual([expect.stringContaining('orders/1')]);
    await source.close();
    await expect(reading).rejects.toThrow('closed');
    cluster.leaders = [1, 1];
    const { group, joined } = cluster.join('oldest', [7n, 7n]);
    await joined;
    const before = [...(await group.partitions()).values()];
    cluster.leaders = [-1, 1];
    expect([...(await group.partitions()).values()]).toEqual(before);
    cluster.leaders = [1, 1];
    await expect(group.partitions()).rejects.toThrow('joining again');
  });

  it('is reported again after a hold, whose reason was the latest error', async () => {
    const cluster = new Cluster();
    cluster.leaders = [1, -1];
    const source = await cluster.open([7n, 7n]);
    const [problem, ...others] = cluster.host.problems;
    expect([problem, others]).toEqual([expect.stringContaining('orders/1'), []]);
    await source.hold?.([]);
    expect(cluster.host.problems).toEqual([problem]);
    const reading = source.read(1);
    await expect.poll(() => cluster.host.problems).toEqual([problem, problem]);
    await source.close();
    await expect(reading).rejects.toThrow('closed');
  });

  it('is an error if all others lose theirs', async () => {
    const cluster = new Cluster();
    cluster.leaders = [1, -1];
    const { group, joined } = cluster.join('oldest', [7n, 7n]);
    await joined;
    cluster.leaders = [-1, -1];
    await expect(group.partitions()).rejects.toThrow('orders/1, orders/0');
  });

  it('is an error if there is no other', async () => {
    const cluster = new Cluster();
    cluster.leaders = [-1, 2];
    await expect(cluster.join().joined).rejects.toThrow('orders/0, orders/1');
  });

  it('keeps a bridge from beginning at the newest records, which nobody knows', async () => {
    const cluster = new Cluster();
    cluster.leaders = [1, -1];
    await expect(cluster.join('newest', [-1n, -1n]).joined).rejects.toThrow('its end is not known');
    cluster.leaders = [1, 1];
    await cluster.join('newest', [-1n, -1n]).joined;
    cluster.leaders = [1, -1];
    await cluster.join('newest', [-1n, -1n]).joined;
  });
});
