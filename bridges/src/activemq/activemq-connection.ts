import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { BridgeOptions } from '@sluice/server/bridging';
import type { Connection, Container, EventContext, Receiver, ReceiverOptions, Sender, SenderOptions } from 'rhea';
import { textOption } from '../options.ts';
import { unlessLost } from '../unless-lost.ts';

/** Milliseconds until the connection is open, and until the broker has confirmed its end. */
const CONNECT = 10_000;
const END = 1_000;
/** Milliseconds after which a broker that sends nothing, not even a heartbeat, is lost. */
const SILENCE = 30_000;

/** Ends of a connection, or of a link. */
const ENDS = [
  ...['connection_error', 'connection_close', 'disconnected', 'protocol_error', 'error'],
  ...['session_error', 'session_close', 'sender_error', 'sender_close', 'receiver_error', 'receiver_close'],
];

/**
 * A connection by AMQP 1.0, with one link. It does not connect again by itself: the client would drop
 * what is sent in between, and forget the credit of a receiver.
 */
export class ActiveMqConnection {
  readonly #connection: Connection;
  readonly #lost = new AbortController();
  #socket: Socket | undefined;

  private constructor(client: Container, options: BridgeOptions) {
    const { host, port, isTls, ...login } = addressOf(textOption(options, 'url'));
    // Its last parameter is called when the connection by TCP, or TLS, is open.
    const connect = (_port: number, _host: string, _options: object, opened: () => void): Socket => {
      this.#socket = isTls ? connectTls({ host, port, servername: host }) : connectTcp({ host, port });
      this.#socket.setNoDelay(true).once(isTls ? 'secureConnect' : 'connect', opened);
      return this.#socket.setTimeout(CONNECT, () => this.#destroy('the broker did not answer'));
    };
    this.#connection = client.create_container().create_connection({
      ...{ ...login, host, port, reconnect: false, idle_time_out: SILENCE },
      connection_details: () => ({ host, port, connect }),
    });
    for (const end of ENDS) this.#connection.on(end, (context: unknown) => this.#lost.abort(errorOf(end, context)));
  }

  /** Connects once. */
  static async open(client: Container, options: BridgeOptions): Promise<ActiveMqConnection> {
    const connection = new ActiveMqConnection(client, options);
    try {
      await connection.#opened('connection_open', () => connection.#connection.connect());
      connection.#socket?.setTimeout(0);
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** Aborts with the error that ended the connection or its link. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Opens the link to send. */
  sender(options: SenderOptions): Promise<Sender> {
    return this.#opened('sender_open', () => this.#connection.open_sender(options));
  }

  /** Opens the link to receive. */
  receiver(options: ReceiverOptions): Promise<Receiver> {
    return this.#opened('receiver_open', () => this.#connection.open_receiver(options));
  }

  async #opened<T>(event: string, open: () => T): Promise<T> {
    const opened = new Promise((resolve) => this.#connection.once(event, resolve));
    const opening = open();
    await unlessLost(this.lost, opened);
    return opening;
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#lost.abort(new Error('the connection was closed'));
    if (socket === undefined || socket.destroyed) return;
    const closed = new Promise<void>((resolve) => {
      for (const end of ['connection_close', 'disconnected']) this.#connection.once(end, () => resolve());
      socket.once('close', resolve).setTimeout(END, resolve);
    });
    this.#connection.close();
    await closed;
    this.#destroy('the connection was closed');
  }

  /** With an error: without one, the timers of the client would run on. */
  #destroy(reason: string): void {
    this.#socket?.destroy(new Error(reason));
  }
}

function addressOf(text: string) {
  const { protocol, hostname, port, username, password } = new URL(text);
  const isTls = protocol === 'amqps:';
  return {
    ...{ isTls, host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port) || (isTls ? 5671 : 5672) },
    // Without a user the client would skip SASL, which Classic refuses; without a password it is anonymous.
    ...{ username: decodeURIComponent(username) || 'anonymous', password: decodeURIComponent(password) },
  };
}

interface Failure {
  readonly message?: string;
  readonly code?: string;
  readonly description?: string;
  readonly condition?: string;
}

/** Why something ended, from the event of the client, or from the error that it is. */
function errorOf(end: string, context: unknown): Error {
  if (context instanceof Error) return context;
  const { error, receiver, sender, session } = context as EventContext;
  const failure = [error, receiver?.error, sender?.error, session?.error].find((each) => each != null);
  const { description, message, condition, code } = (failure ?? {}) as Failure;
  const text = [description, message, condition, code].find((each) => each !== undefined && each !== '');
  return new Error(text ?? `the connection has ended (${end.replace('_', ' ')})`);
}
