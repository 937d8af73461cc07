import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/**
 * A sentinel that the test controls: it names one master, and announces failovers only on request.
 * Redis serialization protocol, version 2.
 */
export class FakeSentinel {
  readonly #server: Server;
  readonly #master: number;
  readonly #sockets = new Set<Socket>();
  readonly #listeners = new Set<Socket>();
  /** Called for each request for the master. The answer waits for its promise. */
  onAsked: () => Promise<void> = async () => {};
  #port = 0;

  private constructor(master: number) {
    this.#master = master;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async start(master: number): Promise<FakeSentinel> {
    const sentinel = new FakeSentinel(master);
    sentinel.#server.listen(0, '127.0.0.1');
    await once(sentinel.#server, 'listening');
    const address = sentinel.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the sentinel has no port');
    sentinel.#port = address.port;
    return sentinel;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Connections that subscribed to failovers. */
  get listeners(): ReadonlySet<Socket> {
    return this.#listeners;
  }

  /** Announces another master. */
  announceFailover(): void {
    for (const socket of this.#listeners) socket.write('*3\r\n$7\r\nmessage\r\n$14\r\n+switch-master\r\n$1\r\n-\r\n');
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#listeners.delete(socket);
    });
    socket.on('data', (data) => {
      for (const command of data
        .toString()
        .toLowerCase()
        .split(/(?=^\*\d+\r\n)/m))
        this.#answer(socket, command);
    });
  }

  #answer(socket: Socket, command: string): void {
    if (command.includes('get-master-addr-by-name')) void this.#nameMaster(socket);
    else if (command.includes('sentinels')) socket.write('*0\r\n');
    else if (command.includes('subscribe')) {
      this.#listeners.add(socket);
      socket.write('*3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n');
    } else socket.write('+OK\r\n');
  }

  async #nameMaster(socket: Socket): Promise<void> {
    await this.onAsked();
    const port = `${this.#master}`;
    socket.write(`*2\r\n$9\r\n127.0.0.1\r\n$${port.length}\r\n${port}\r\n`);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
