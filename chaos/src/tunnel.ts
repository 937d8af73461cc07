import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Pipe } from '../../server/src/testing/pipe.ts';

interface TunnelConnection {
  readonly near: Socket;
  readonly far: Socket;
  /** From the caller to the target. */
  readonly out: Pipe;
  readonly back: Pipe;
}

/** A port on this machine whose connections are forwarded, and can be cut and stalled. */
export class Tunnel {
  readonly #target: () => number | undefined;
  readonly #server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
  readonly #connections = new Set<TunnelConnection>();
  /** Are new connections refused? */
  refusing = false;
  #mute = false;
  #stalled = false;
  /** Called with the port to which each new connection is forwarded. */
  onConnection: (port: number) => void = () => {};

  /** @param target the port for a new connection; undefined refuses it */
  constructor(target: () => number | undefined) {
    this.#target = target;
  }

  /** @returns the port that it listens on */
  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /**
   * Holds back everything from the caller (`mute`), or to the caller (`stalled`), including new
   * connections.
   */
  hold({ mute = false, stalled = false }: { mute?: boolean; stalled?: boolean } = {}): void {
    this.#mute = mute;
    this.#stalled = stalled;
    for (const connection of this.#connections) this.#apply(connection);
  }

  /**
   * Cuts all connections as a broken network does: without a close frame, and bytes in transit are
   * lost.
   */
  cut(): void {
    for (const { near, far } of this.#connections) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  }

  async close(): Promise<void> {
    this.refusing = true;
    this.#server.close();
    this.cut();
    await once(this.#server, 'close');
  }

  #apply({ out, back }: TunnelConnection): void {
    out.hold(this.#mute);
    back.hold(this.#stalled);
  }

  #accept(near: Socket): void {
    near.on('error', () => {}); // "close" reports its end
    const port = this.refusing ? undefined : this.#target();
    if (port === undefined) {
      near.resetAndDestroy();
      return;
    }
    this.onConnection(port);
    const far = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    const connection = { near, far, out: new Pipe(near, far), back: new Pipe(far, near) };
    this.#connections.add(connection);
    near.on('close', () => this.#connections.delete(connection));
    this.#apply(connection);
  }
}
