import { EngineUnavailable } from '../engine.ts';
import type { Mailbox, MailboxListener, Nodes, RespondingNode } from '../nodes.ts';
import type { OwnerLink } from './owner-link.ts';

/**
 * The mailboxes of this process, in the process that owns the engine. They are opened again, with
 * their offers, whenever the owner was lost and reached again.
 */
export class RemoteNodes implements Nodes {
  readonly #link: OwnerLink;
  readonly #mailboxes = new Map<string, RemoteMailbox>();

  constructor(link: OwnerLink) {
    this.#link = link;
  }

  async open(address: string, listener: MailboxListener): Promise<Mailbox> {
    const mailbox = new RemoteMailbox(address, listener, { link: this.#link, closed: () => this.#closed(address) });
    this.#mailboxes.set(address, mailbox);
    await this.#link.call('openMailbox', address);
    return mailbox;
  }

  #closed(address: string): void {
    this.#mailboxes.delete(address);
  }

  /** The owner delivers a message. */
  take(to: string, from: string, message: string): void {
    this.#mailboxes.get(to)?.receive(from, message);
  }

  /** A mailbox of the owner was interrupted. */
  interrupt(address: string): void {
    this.#mailboxes.get(address)?.interrupt();
  }

  /** The owner was reached again: it does not know this process. */
  async resume(): Promise<void> {
    await Promise.all([...this.#mailboxes.values()].map((mailbox) => mailbox.resume()));
  }
}

interface RemoteMailboxParts {
  readonly link: OwnerLink;
  readonly closed: () => void;
}

class RemoteMailbox implements Mailbox {
  readonly address: string;
  readonly #listener: MailboxListener;
  readonly #parts: RemoteMailboxParts;
  readonly #offers = new Map<string, number>();

  constructor(address: string, listener: MailboxListener, parts: RemoteMailboxParts) {
    this.address = address;
    this.#listener = listener;
    this.#parts = parts;
  }

  receive(from: string, message: string): void {
    this.#listener.received(from, message);
  }

  interrupt(): void {
    this.#listener.interrupted?.();
  }

  async resume(): Promise<void> {
    const { link } = this.#parts;
    await link.call('openMailbox', this.address);
    await Promise.all(
      [...this.#offers].map(([channel, capacity]) => link.call('offer', this.address, channel, capacity)),
    );
    this.interrupt();
  }

  /** An owner that is away learns of the offer when it is reached again. */
  async offer(channel: string, capacity: number): Promise<void> {
    if (capacity > 0) this.#offers.set(channel, capacity);
    else this.#offers.delete(channel);
    const { link } = this.#parts;
    try {
      await link.call('offer', this.address, channel, capacity);
    } catch (error) {
      if (!(error instanceof EngineUnavailable)) throw error;
    }
  }

  responders(channel: string): Promise<readonly RespondingNode[]> {
    return this.#parts.link.call('responders', channel);
  }

  send(address: string, message: string): Promise<boolean> {
    return this.#parts.link.call('send', this.address, address, message);
  }

  async close(): Promise<void> {
    const { link, closed } = this.#parts;
    closed();
    if (link.reached) await link.call('closeMailbox', this.address);
  }
}
