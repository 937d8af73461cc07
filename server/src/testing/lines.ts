import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { FAIR, Line, type Weather } from './line.ts';

/** The network in front of a test's gateway: a port that stays the same, and a line for every connection. */
export class Lines {
  /** The gateway's own port; it may change, when a new gateway takes the place of the old one. */
  target = 0;
  /** Is everybody who calls turned away, as if nobody listened? */
  refusing = false;
  readonly #server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
  readonly #lines = new Map<string, Line>();
  #weather: Weather = FAIR;
  #count = 0;

  /** @returns the port; 0 takes any free one */
  async listen(port: number): Promise<number> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  find(id: string): Line | undefined {
    return this.#lines.get(id);
  }

  /** From now on all lines are like this, also those to come. */
  set weather(weather: Weather) {
    this.#weather = weather;
    for (const line of this.#lines.values()) line.suffer(weather);
  }

  get weather(): Weather {
    return this.#weather;
  }

  cutAll(): void {
    for (const line of this.#lines.values()) line.cut();
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.refusing = true;
    this.cutAll();
    await once(this.#server, 'close');
  }

  #accept(socket: Socket): void {
    socket.on('error', () => {}); // its end is told by "close"
    if (this.refusing) {
      socket.resetAndDestroy();
      return;
    }
    const id = `line-${++this.#count}`;
    const line = new Line(id, socket, this.target);
    this.#lines.set(id, line);
    line.onClosed(() => this.#lines.delete(id));
    line.suffer(this.#weather);
  }
}
