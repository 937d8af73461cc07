import { EventEmitter } from 'node:events';
import type { InboundBridge } from '@sluice/server/bridging';
import { expect, it } from 'vitest';
import { ModelHost } from '../../test/support/model-host.ts';
import type { KafkaClient } from './kafka-connection.ts';
import { KafkaGroup } from './kafka-group.ts';

class CountingHost extends ModelHost {
  readonly counts: unknown[] = [];

  override count(...counted: unknown[]): void {
    this.counts.push(counted);
  }
}

it('offsets that retention has removed are counted once, also if the commit behind them fails', async () => {
  let attempts = 0;
  class Consumer extends EventEmitter {
    readonly topics = { trackAll: () => {} };
    readonly assignments = [{ topic: 'orders', partitions: [0] }];
    memberId: string | null = null;
    joinGroup = async () => 'member';
    metadata = async () => ({ topics: new Map([['orders', { id: 'id', partitionsCount: 1 }]]) });
    listOffsets = async ({ timestamp }: { readonly timestamp: bigint }) =>
      new Map([['orders', [timestamp === -1n ? 20n : 10n]]]);
    listCommittedOffsets = async () => new Map([['orders', [4n]]]);
    commit = async () => {
      attempts += 1;
      if (attempts === 1) throw new Error('the coordinator has moved');
    };
  }
  const host = new CountingHost(async () => {});
  const config = {
    connection: { brokers: ['kafka:9092'] },
    from: { topics: ['orders'], group: 'sluice', start: 'oldest' },
  } as unknown as InboundBridge;
  const join = () => {
    const client = { Consumer } as unknown as KafkaClient;
    return new KafkaGroup({ client, config, host, memberId: null, failed: () => {} }).join();
  };
  await expect(join()).rejects.toThrow('the coordinator has moved');
  expect(host.counts).toEqual([]);
  await expect(join()).rejects.toThrow('orders/0 from 4, it goes on at 10');
  expect(host.counts).toEqual([['lost', 6, expect.stringContaining('from 4 to 9')]]);
});
