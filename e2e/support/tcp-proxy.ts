import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';

/** A TCP proxy to a gateway on this machine, whose connections a test can kill. */
export class TcpProxy {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  private constructor(target: number) {
    this.#server = net.createServer((near) => {
      const far = net.connect(target, 'localhost');
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => {}); // a killed connection ends on both sides
        socket.on('close', () => this.#sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
    });
  }

  static async to(url: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(Number(new URL(url).port));
    proxy.#server.listen(0, 'localhost');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Kills every connection without a close frame. New ones are accepted. */
  kill(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  close(): void {
    this.#server.close();
    this.kill();
  }
}
