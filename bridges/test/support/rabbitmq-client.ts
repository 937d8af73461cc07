import { type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect, type Options } from 'amqplib';
import { eventually } from './retry.ts';

/** A client that connects again after a restart of the server. */
export class RabbitClient {
  readonly #port: number;
  #model: ChannelModel | undefined;
  #channel: ConfirmChannel | undefined;
  #isClosed = false;

  constructor(port: number) {
    this.#port = port;
  }

  /** Runs until it succeeds, with a channel that is open. */
  run<T>(act: (channel: ConfirmChannel) => Promise<T>): Promise<T> {
    return eventually(async () => act(await this.#open()));
  }

  async #open(): Promise<ConfirmChannel> {
    if (this.#channel !== undefined) return this.#channel;
    const model = await connect(`amqp://127.0.0.1:${this.#port}`, { noDelay: true, timeout: 5_000 });
    const forget = () => {
      this.#model = undefined;
      this.#channel = undefined;
    };
    model.on('error', forget).on('close', forget);
    const channel = await model.createConfirmChannel();
    channel.on('error', forget);
    channel.on('close', forget);
    this.#model = model;
    this.#channel = channel;
    return channel;
  }

  /** Calls back with every message of a queue, also after a restart of the server. */
  consume(queue: string, receive: (body: Buffer, headers: Record<string, unknown>) => void): void {
    this.#consume(queue, receive, {});
  }

  #consume(
    queue: string,
    receive: (body: Buffer, headers: Record<string, unknown>) => void,
    options: Options.Consume,
  ): void {
    const start = async (): Promise<void> => {
      if (this.#isClosed) return;
      await this.run(async (channel) => {
        await channel.prefetch(1_000); // a stream needs a limit
        const deliver = (message: ConsumeMessage | null) => {
          if (message === null) return;
          receive(message.content, { ...message.properties.headers });
          channel.ack(message);
        };
        await channel.consume(queue, deliver, options);
        channel.once('close', () => void start());
      });
    };
    void start();
  }

  /** Calls back with every message of a stream from its beginning, and again after a restart of the server. */
  readStream(stream: string, receive: (body: Buffer, headers: Record<string, unknown>) => void): void {
    this.#consume(stream, receive, { arguments: { 'x-stream-offset': 'first' } });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#model?.close().catch(() => {});
  }
}
