import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Link, type LinkConditions, UNDISTURBED } from './link.ts';

/** The network in front of a test's gateway: a port that stays the same, and a link for every connection. */
export class Links {
  /** The gateway's own port; it may change, when a new gateway takes the place of the old one. */
  target = 0;
  /** Is everybody who calls turned away, as if nobody listened? */
  refusing = false;
  readonly #server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
  readonly #links = new Map<string, Link>();
  #conditions: LinkConditions = UNDISTURBED;
  #count = 0;

  /** @returns the port; 0 takes any free one */
  async listen(port: number): Promise<number> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  find(id: string): Link | undefined {
    return this.#links.get(id);
  }

  /** Applies these conditions to all links, also to future ones. */
  set conditions(conditions: LinkConditions) {
    this.#conditions = conditions;
    for (const link of this.#links.values()) link.apply(conditions);
  }

  get conditions(): LinkConditions {
    return this.#conditions;
  }

  cutAll(): void {
    for (const link of this.#links.values()) link.cut();
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
    const id = `link-${++this.#count}`;
    const link = new Link(id, socket, this.target);
    this.#links.set(id, link);
    link.onClosed(() => this.#links.delete(id));
    link.apply(this.#conditions);
  }
}
