import type { Duplex } from 'node:stream';
import type { BridgeOptions } from '@sluice/server/bridging';
import type { Channel, ChannelModel } from 'amqplib';
import { endInTime } from '../end-in-time.ts';
import { textOption } from '../options.ts';

export type AmqpClient = typeof import('amqplib');

/** Milliseconds for the connection. */
const CONNECT = 10_000;

/** A connection that calls back once when it, or its channel, is lost. */
export class RabbitConnection {
  readonly #model: ChannelModel;
  readonly #lost: (error: Error) => void;
  #blocked: string | undefined;

  private constructor(model: ChannelModel, lost: (error: Error) => void) {
    this.#model = model;
    this.#lost = lost;
    this.#listen(model, 'the connection');
    model.on('blocked', (reason: string) => {
      this.#blocked = `RabbitMQ accepts no messages at the moment (${reason || 'an alarm'})`;
    });
    model.on('unblocked', () => {
      this.#blocked = undefined;
    });
  }

  /** Why the broker reads nothing that is published, such as a memory alarm; `undefined`: it does. */
  get blocked(): string | undefined {
    return this.#blocked;
  }

  /** Connects once. Without `noDelay` each confirm takes some 40 ms. */
  static async open(
    { connect }: AmqpClient,
    connection: BridgeOptions,
    lost: (error: Error) => void,
  ): Promise<RabbitConnection> {
    const model = await connect(textOption(connection, 'url'), { noDelay: true, timeout: CONNECT });
    return new RabbitConnection(model, lost);
  }

  /** Opens a channel; its end is the end of the connection. */
  async channel<T extends Channel>(open: (model: ChannelModel) => Promise<T>): Promise<T> {
    const channel = await open(this.#model);
    this.#listen(channel, 'the channel');
    return channel;
  }

  /** Uses a channel of its own, whose end is not that of the connection. */
  async aside<T>(use: (channel: Channel) => Promise<T>): Promise<T> {
    const channel = await this.#model.createChannel();
    const ended = new Promise<never>((_, reject) => {
      channel.on('error', reject);
      channel.on('close', () => reject(new Error('the channel was closed')));
    });
    ended.catch(() => {}); // also if nobody waits for it any more
    try {
      return await Promise.race([use(channel), ended]);
    } finally {
      await channel.close().catch(() => {}); // it is closed already
    }
  }

  #listen(emitter: ChannelModel | Channel, what: string): void {
    // Both: an error without a listener ends the process.
    emitter.on('error', (error: Error) => this.#lost(error));
    emitter.on('close', () => this.#lost(new Error(`${what} was closed`)));
  }

  /** The client would wait for ever for the answer of a broker that is gone. */
  async close(): Promise<void> {
    const closed = new Error('the connection was closed');
    this.#lost(closed);
    if (await endInTime(this.#model.close())) return;
    const { stream } = this.#model.connection as unknown as { readonly stream: Duplex };
    stream.destroy(closed); // with an error: without one, the timers of the client would run on
  }
}
