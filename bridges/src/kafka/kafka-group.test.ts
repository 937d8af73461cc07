import { EventEmitter } from 'node:events';
import type { InboundBridge } from '@sluice/server/bridging';
import { describe, expect, it } from 'vitest';
import { ModelHost } from '../../test/support/model-host.ts';
import type { KafkaClient } from './kafka-connection.ts';
import { KafkaGroup } from './kafka-group.ts';

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

  join(start = 'oldest', committed: readonly bigint[] = [4n, 5n]) {
    const cluster = this;
    class Consumer extends EventEmitter {
      readonly topics = { trackAll: () => {} };
      readonly assignments = [{ topic: 'orders', partitions: [0, 1] }];
      memberId: string | null = null;
      joinGroup = async () => 'member';
      metadata = async () => ({
        brokers: new Map([[1, {}]]),
        topics: new Map([
          ['orders', { id: 'id', partitionsCount: 2, partitions: cluster.leaders.map((leader) => ({ leader })) }],
        ]),
      });
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
    const client = { Consumer, kGetApi: GET_API } as unknown as KafkaClient;
    const config = {
      connection: { brokers: ['kafka:9092'] },
      from: { topics: ['orders'], group: 'sluice', start },
    } as unknown as InboundBridge;
    const group = new KafkaGroup({ client, config, host: this.host, memberId: null, failed: () => {} });
    return { group, joined: group.join() };
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
