import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Link, type LinkConditions, UNDISTURBED } from './link.ts';

/**
 * The network in front of a test's gateway: a port that stays the same, and a link for every
 * connection.
 */
export class Links {
  /** The gateway's own port. It may change when a new gateway replaces the old one. */
  target = 0;
  /** Are all new connections refused, as if no process listened? */
  refusing = false;
  readonly #server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
  readonly #links = new Map<string, Link>();
  #conditions: LinkConditions = UNDISTURBED;
  #count = 0;

  /** @returns the port; 0 picks any free one */
  async listen(port: number): Promise<number> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  find(id: string): Link | undefined {
    return this.#links.get(id);
  }

  /** Applies these conditions to all current and future links. */
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
    socket.on('error', () => {}); // "close" reports its end
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
