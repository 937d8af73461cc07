import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import type { OutboundBridge } from '@sluice/server/bridging';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { SinkRecord } from '../sink.ts';
import type { AmqpClient } from './rabbitmq-connection.ts';
import { RabbitSink } from './rabbitmq-sink.ts';

/** A broker that confirms nothing, and does not answer a close. */
class SilentBroker extends EventEmitter {
  readonly stream = new PassThrough();
  readonly connection = { stream: this.stream };

  constructor() {
    super();
    this.stream.on('error', (error) => this.emit('error', error));
  }

  async createConfirmChannel() {
    return Object.assign(new EventEmitter(), { publish: () => true });
  }

  close(): Promise<void> {
    return new Promise(() => {});
  }
}

const config = {
  ...{ connection: { url: 'amqp://localhost' }, to: { routingKey: 'audit' } },
} as unknown as OutboundBridge;

const record: SinkRecord = {
  ...{ id: 'c/e/1', channel: 'c', epoch: 'e', offset: 1, event: undefined, tags: {}, headers: {} },
  ...{ contentType: 'application/json', body: Buffer.from('1') },
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('ends, with its socket, although the broker does not answer', async () => {
  const broker = new SilentBroker();
  const sink = await new RabbitSink({ connect: async () => broker } as unknown as AmqpClient, config).open();
  const sending = sink.send([record]);
  sending.catch(() => {}); // expected below
  const closed = sink.close();
  await vi.advanceTimersByTimeAsync(2_000);
  await closed;
  await expect(sending).rejects.toThrow('the connection was closed');
  expect(broker.stream.destroyed).toBe(true);
});
