import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A line between page and gateway that can go silent: nothing passes, and nobody is told. */
export class TcpProxy {
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer((inner) => this.#join(inner));
  #held = false;

  /** @param port of the gateway, on this machine */
  constructor(port: number) {
    this.#port = port;
  }

  /** Where the page finds the gateway, through this line. */
  get url(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    this.#server.listen(0, 'localhost');
    await once(this.#server, 'listening');
  }

  /** Goes silent: connections stand, and new ones are accepted, but no byte passes. */
  hold(): void {
    this.#held = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** Lets everything pass again, also what waited. */
  release(): void {
    this.#held = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(inner: Socket): void {
    const outer = connect(this.#port, 'localhost');
    this.#forward(inner, outer);
    this.#forward(outer, inner);
  }

  #forward(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on('data', (chunk) => to.write(chunk));
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    if (this.#held) from.pause();
  }
}
