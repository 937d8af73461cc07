import rhea, { type Connection, type EventContext, type Message, type Sender } from 'rhea';
import { eventually } from './retry.ts';

// Its types describe the default container as the module.
const { create_container: createContainer } = rhea as unknown as import('rhea').Container;

/** A queue of ActiveMQ, as another program uses it. It connects again after a restart of the broker. */
export class AmqpClient {
  readonly #port: number;
  readonly #queue: string;
  readonly #connections = new Set<Connection>();
  #sender: Promise<Sender> | undefined;
  /** Of what waits for the broker. */
  #fail: (error: Error) => void = () => {};

  constructor(port: number, queue: string) {
    this.#port = port;
    this.#queue = queue;
  }

  /** Sends messages; resolves when the broker has stored all of them. Those of a lost connection are sent again. */
  async send(messages: readonly Message[]): Promise<void> {
    for (const message of messages) await eventually(() => this.#sendOnce(message));
  }

  async #sendOnce(message: Message): Promise<void> {
    this.#sender ??= this.#openSender();
    const sender = await this.#sender;
    await new Promise<void>((resolve, reject) => {
      this.#fail = reject;
      if (!sender.is_open()) this.#lose();
      sender.once('accepted', () => resolve());
      sender.send(message);
    });
  }

  #openSender(): Promise<Sender> {
    const connection = this.#connect();
    connection.once('disconnected', () => this.#lose());
    const sender = connection.open_sender({ target: { address: this.#queue, capabilities: ['queue'] } });
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      sender.once('sendable', () => resolve(sender));
    });
  }

  #lose(): void {
    this.#sender = undefined;
    this.#fail(new Error('the connection is lost'));
  }

  /** Looks at a number of messages, from the oldest one; they stay in the queue. */
  browse(count: number): Promise<readonly Message[]> {
    return eventually(() => this.#browseOnce(count));
  }

  async #browseOnce(count: number): Promise<readonly Message[]> {
    if (count === 0) return [];
    const connection = this.#connect();
    const messages: Message[] = [];
    const source = { address: this.#queue, capabilities: ['queue'], distribution_mode: 'copy' as const };
    // They are accepted, which removes no copy: the client receives at most 2,048 messages that are not.
    const receiver = connection.open_receiver({ source, autoaccept: true, credit_window: 0 });
    receiver.add_credit(count);
    await new Promise<void>((resolve, reject) => {
      connection.once('disconnected', () => reject(new Error('the connection is lost')));
      receiver.on('message', ({ message }: EventContext) => {
        if (message === undefined || messages.push(message) < count) return;
        resolve();
      });
    });
    connection.close();
    return messages;
  }

  #connect(): Connection {
    const options = { host: '127.0.0.1', port: this.#port, reconnect: false, username: 'anonymous' };
    const connection = createContainer().connect(options);
    this.#connections.add(connection);
    connection.on('disconnected', () => this.#connections.delete(connection));
    for (const event of ['connection_error', 'error']) connection.on(event, () => {});
    return connection;
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.close();
  }
}
