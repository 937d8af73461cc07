import type { Mailbox, MailboxListener, Nodes, RespondingNode } from '../nodes.ts';

/** The mailboxes in this process, for engines that one process holds. */
export class MemoryNodes implements Nodes {
  readonly #mailboxes = new Map<string, MemoryMailbox>();
  /** By channel and address. */
  readonly #offers = new Map<string, Map<string, RespondingNode>>();

  open(address: string, listener: MailboxListener): Mailbox {
    const mailbox = new MemoryMailbox(this, address, listener);
    this.#mailboxes.set(address, mailbox);
    return mailbox;
  }

  close({ address }: MemoryMailbox): void {
    this.#mailboxes.delete(address);
    for (const channel of this.#offers.keys()) this.offer(address, channel, 0);
  }

  offer(address: string, channel: string, capacity: number): void {
    const offers = this.#offers.get(channel) ?? new Map<string, RespondingNode>();
    if (capacity > 0) this.#offers.set(channel, offers.set(address, { node: address, capacity }));
    else if (offers.delete(address) && offers.size === 0) this.#offers.delete(channel);
  }

  responders(channel: string): readonly RespondingNode[] {
    return [...(this.#offers.get(channel)?.values() ?? [])];
  }

  send(from: string, to: string, message: string): boolean {
    const mailbox = this.#mailboxes.get(to);
    // In a later turn, as between processes: the sender must not be called while it sends.
    if (mailbox !== undefined) setImmediate(() => mailbox.receive(from, message));
    return mailbox !== undefined;
  }
}

class MemoryMailbox implements Mailbox {
  readonly address: string;
  readonly #nodes: MemoryNodes;
  readonly #listener: MailboxListener;
  #closed = false;

  constructor(nodes: MemoryNodes, address: string, listener: MailboxListener) {
    this.#nodes = nodes;
    this.address = address;
    this.#listener = listener;
  }

  receive(from: string, message: string): void {
    if (!this.#closed) this.#listener.received(from, message);
  }

  offer(channel: string, capacity: number): void {
    if (!this.#closed) this.#nodes.offer(this.address, channel, capacity);
  }

  responders(channel: string): readonly RespondingNode[] {
    return this.#nodes.responders(channel);
  }

  send(address: string, message: string): boolean {
    return this.#nodes.send(this.address, address, message);
  }

  close(): void {
    this.#closed = true;
    this.#nodes.close(this);
  }
}
