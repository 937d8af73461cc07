import { EventEmitter } from 'node:events';
import type { InboundBridge } from '@sluice/server/bridging';
import { expect, it } from 'vitest';
import { ManualClock } from '../../../server/src/util/clock.ts';
import type { OpenSource } from '../source.ts';
import type { PubsubClient } from './pubsub-connection.ts';
import { PubsubSource } from './pubsub-source.ts';

class Subscription extends EventEmitter {
  /** How often the service was asked. */
  asked = 0;
  /** What it answers. */
  answer: () => Promise<void> = async () => {};
  readonly options: unknown;

  constructor(options: unknown) {
    super();
    this.options = options;
  }

  getMetadata = () => {
    this.asked += 1;
    return this.answer();
  };
  close = async () => {};
}

interface Opened {
  readonly source: OpenSource;
  readonly subscription: Subscription;
  readonly clock: ManualClock;
}

async function open(): Promise<Opened> {
  const subscriptions: Subscription[] = [];
  class PubSub {
    subscription(_: string, options: unknown): Subscription {
      const subscription = new Subscription(options);
      subscriptions.push(subscription);
      return subscription;
    }
    async close(): Promise<void> {}
  }
  const client = { PubSub, Duration: { from: () => {} } } as unknown as PubsubClient;
  const config = { connection: { project: 'p' }, from: { subscription: 's' }, inFlight: 7 } as unknown as InboundBridge;
  const clock = new ManualClock();
  const source = await new PubsubSource(client, config, { clock }).open();
  const [subscription] = subscriptions;
  if (subscription === undefined) throw new Error('there is no subscription');
  return { source, subscription, clock };
}

const message = () => ({ id: '1', attributes: {}, data: Buffer.from('1'), ack: () => {} });
const end = (text: string) => ({
  message: 'Subscriber stream 0 has ended with status 14; will be retried.',
  error: new Error(text),
});

it('gets the messages of a key in order, also above the limit of the client', async () => {
  const { source, subscription } = await open();
  await source.close();
  // Otherwise the client delivers a message that exceeds it behind later ones.
  expect(subscription.options).toMatchObject({ flowControl: { maxMessages: 7, allowExcessMessages: true } });
});

it('asks a service that sends nothing whether it is there', async () => {
  const { source, subscription, clock } = await open();
  subscription.answer = () => Promise.reject(new Error('no answer'));
  clock.advance(29_000);
  subscription.emit('message', message());
  expect(await source.read(1)).toHaveLength(1);
  clock.advance(2_000);
  expect(subscription.asked).toBe(1); // when it connected
  const reading = source.read(1);
  clock.advance(60_000);
  await expect(reading).rejects.toThrow('no answer');
  await source.close();
});

it('ends with the reason if the service answers, and refuses its stream again and again', async () => {
  const { source, subscription } = await open();
  const reading = source.read(1);
  for (let n = 1; n <= 5; n++) subscription.emit('debug', end('may not consume'));
  await expect(reading).rejects.toThrow('the subscription "s" delivers nothing: may not consume');
  await source.close();
});

it('stays connected if acknowledgements fail, which the client reports like ends of its stream', async () => {
  const { source, subscription } = await open();
  for (let n = 1; n <= 10; n++) subscription.emit('debug', { message: 'ack failed', error: new Error('ack failed') });
  subscription.emit('message', message());
  expect(await source.read(1)).toHaveLength(1);
  expect(subscription.asked).toBe(1); // when it connected
  await source.close();
});

it.each([
  ['with messages between them', 1_000, true],
  ['now and then', 120_000, false],
])('stays connected if its stream ends %s', async (_, pause, hasMessages) => {
  const { source, subscription, clock } = await open();
  for (let n = 1; n <= 10; n++) {
    subscription.emit('debug', end('unavailable'));
    clock.advance(pause);
    if (hasMessages) subscription.emit('message', message());
  }
  if (!hasMessages) subscription.emit('message', message());
  expect(await source.read(10)).toHaveLength(hasMessages ? 10 : 1);
  await source.close();
});
