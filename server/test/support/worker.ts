import type { Delivery, Json, Message } from '@sluice/protocol';
import { type TokenOptions, tokenFor } from './tokens.ts';
import type { LoopbackPeer, World } from './world.ts';

/** A connection that consumes, with what it has received. */
export class Worker {
  readonly peer: LoopbackPeer;
  readonly channel: string;

  constructor(peer: LoopbackPeer, channel: string) {
    this.peer = peer;
    this.channel = channel;
  }

  get client(): LoopbackPeer['client'] {
    return this.peer.client;
  }

  get deliveries(): readonly Delivery[] {
    return this.client.received.flatMap((received) =>
      received.type === 'deliveries' && received.channel === this.channel ? received.deliveries : [],
    );
  }

  /** The `data` of all deliveries, in order. */
  get data(): readonly Json[] {
    return this.deliveries.map(({ message }) => message.data);
  }

  get last(): Delivery {
    const last = this.deliveries.at(-1);
    if (last === undefined) throw new Error('nothing was delivered');
    return last;
  }

  consume(options: { group?: string; prefetch?: number } = {}) {
    return this.client.result<{ group: string; prefetch: number; ackTimeout: number }>({
      ...{ type: 'consume', channel: this.channel },
      ...options,
    });
  }

  ack(...deliveries: readonly Delivery[]) {
    const ids = deliveries.map(({ id }) => id);
    return this.client.result<{ expired?: string[] }>({ type: 'ack', channel: this.channel, deliveries: ids });
  }

  extend(...deliveries: readonly Delivery[]) {
    const ids = deliveries.map(({ id }) => id);
    return this.client.result<{ deadline: number }>({ type: 'extend', channel: this.channel, deliveries: ids });
  }

  nack(delivery: Delivery, options: { delay?: number; dead?: boolean; reason?: string } = {}) {
    return this.client.result({ type: 'nack', channel: this.channel, deliveries: [delivery.id], ...options });
  }
}

/** Connects a worker: a user with the role that may consume. */
export async function connectWorker(
  world: World,
  {
    channel = 'jobs:a',
    user = 'worker',
    ...options
  }: TokenOptions & { channel?: string; user?: string; subprotocol?: string } = {},
): Promise<Worker> {
  const { subprotocol = 'sluice.v1.json', ...rest } = options;
  const token = await tokenFor(user, { clock: () => world.clock.now(), claims: { role: 'worker' }, ...rest });
  return new Worker(await world.connect(token, { protocols: [subprotocol] }), channel);
}

/** Publishes as a backend. */
export async function enqueue(world: World, channel: string, count: number, tags?: Message['tags']): Promise<void> {
  for (let n = 1; n <= count; n++) await world.gateway.publish(channel, n, tags === undefined ? {} : { tags });
}
