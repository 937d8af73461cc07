import { EngineUnavailable } from '../engine.ts';
import type { Mailbox, Nodes, RespondingNode } from '../nodes.ts';
import type { FromOwner } from './items.ts';

/** The mailboxes of one process that uses the engine, as its owner holds them. */
export class UserMailboxes {
  readonly #nodes: Nodes | undefined;
  readonly #deliver: (address: string, item: FromOwner) => void;
  readonly #mailboxes = new Map<string, Mailbox>();
  #closed = false;

  /** @param deliver sends something to a mailbox; it gets lost if the process does not read */
  constructor(nodes: Nodes | undefined, deliver: (address: string, item: FromOwner) => void) {
    this.#nodes = nodes;
    this.#deliver = deliver;
  }

  async open(address: string): Promise<void> {
    if (this.#nodes === undefined) throw new EngineUnavailable('this engine has no messages between nodes');
    const mailbox = await this.#nodes.open(address, {
      received: (from, message) => this.#deliver(address, ['mail', address, from, message]),
      interrupted: () => this.#deliver(address, ['mailboxInterrupted', address]),
    });
    if (this.#closed) await mailbox.close();
    else this.#mailboxes.set(address, mailbox);
  }

  offer(address: string, channel: string, capacity: number): void | Promise<void> {
    return this.#find(address).offer(channel, capacity);
  }

  /** Every mailbox knows the offers of all. */
  responders(channel: string): readonly RespondingNode[] | Promise<readonly RespondingNode[]> {
    const [mailbox] = this.#mailboxes.values();
    return mailbox?.responders(channel) ?? [];
  }

  send(from: string, to: string, message: string): boolean | Promise<boolean> {
    return this.#find(from).send(to, message);
  }

  close(address: string): void | Promise<void> {
    const mailbox = this.#mailboxes.get(address);
    this.#mailboxes.delete(address);
    return mailbox?.close();
  }

  /** The process has gone. */
  closeAll(failed: (error: unknown) => void): void {
    this.#closed = true;
    for (const mailbox of this.#mailboxes.values()) {
      const closing = mailbox.close();
      if (closing instanceof Promise) closing.catch(failed);
    }
    this.#mailboxes.clear();
  }

  #find(address: string): Mailbox {
    const mailbox = this.#mailboxes.get(address);
    if (mailbox === undefined) throw new EngineUnavailable('the mailbox is not open yet');
    return mailbox;
  }
}
