import { EventEmitter } from 'node:events';
import type { InboundBridge } from '@sluice/server/bridging';
import { expect, it } from 'vitest';
import type { PubsubClient } from './pubsub-connection.ts';
import { PubsubSource } from './pubsub-source.ts';

class Subscription extends EventEmitter {
  getMetadata = async () => {};
  close = async () => {};
}

it('gets the messages of a key in order, also above the limit of the client', async () => {
  let flowControl: unknown;
  class PubSub {
    subscription(_: string, options: { readonly flowControl: unknown }): Subscription {
      flowControl = options.flowControl;
      return new Subscription();
    }
    async close(): Promise<void> {}
  }
  const client = { PubSub, Duration: { from: () => {} } } as unknown as PubsubClient;
  const config = { connection: { project: 'p' }, from: { subscription: 's' }, inFlight: 7 } as unknown as InboundBridge;
  await (await new PubsubSource(client, config).open()).close();
  // Otherwise the client delivers a message that exceeds it behind later ones.
  expect(flowControl).toMatchObject({ maxMessages: 7, allowExcessMessages: true });
});
