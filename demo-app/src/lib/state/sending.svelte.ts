import type { Outbox, OutboxMessage } from '@sluice/client/outbox';
import { type Outgoing, textOf } from '../timeline.ts';

const STATUS = {
  queued: 'waiting',
  sent: 'sending',
  accepted: 'delivered',
  refused: 'failed',
  discarded: 'failed',
} as const;

/**
 * Messages to a room that the subscription has not delivered yet. The outbox stores them on disk,
 * so they survive a reload.
 */
export class Sending {
  readonly #outbox: Outbox;
  readonly #channel: string;
  #queued = $state.raw<readonly OutboxMessage[]>([]);
  /** Messages that left the outbox but have not been delivered yet, or that the full outbox did not accept. */
  #detached = $state.raw<readonly OutboxMessage[]>([]);
  readonly #arrived = new Set<string>();

  constructor(outbox: Outbox, channel: string) {
    this.#outbox = outbox;
    this.#channel = channel;
    const queue = outbox.channel(channel);
    this.#queued = queue.messages;
    queue.on('change', (messages) => {
      this.#queued = messages;
    });
    outbox.on('status', (message) => {
      if (message.channel !== channel || message.status !== 'accepted') return;
      // Updated now because `change` follows later: otherwise the message would be shown twice.
      this.#queued = queue.messages;
      this.#keep(message);
    });
  }

  /** In sending order. */
  get list(): readonly Outgoing[] {
    return [...this.#detached, ...this.#queued]
      .filter((message) => !this.#arrived.has(nonceOf(message)))
      .map(toOutgoing);
  }

  send(text: string): void {
    // The tag identifies the message when the subscription delivers it, before or after the reply.
    const tags = { nonce: crypto.getRandomValues(new Uint32Array(4)).join('-') };
    const outgoing = this.#outbox.publish(this.#channel, { text }, { event: 'message', tags });
    if (outgoing.status === 'refused') this.#keep(outgoing);
  }

  /** Sends a refused message again. If it was stored after all, it does not appear twice. */
  retry(nonce: string): void {
    const message = this.#find(nonce);
    if (message === undefined) return;
    if (this.#queued.includes(message)) this.#outbox.retry(message.key);
    else {
      this.discard(nonce);
      this.send(textOf(message.data));
    }
  }

  /** Discards a refused message. */
  discard(nonce: string): void {
    const message = this.#find(nonce);
    if (message === undefined) return;
    this.#outbox.discard(message.key);
    this.#detached = this.#detached.filter((other) => other !== message);
  }

  /**
   * The subscription has delivered a message of the own user.
   *
   * @returns whether the message was shown as outgoing
   */
  arrive(nonce: string): boolean {
    const known = this.#find(nonce) !== undefined;
    this.#arrived.add(nonce);
    this.#detached = this.#detached.filter((message) => nonceOf(message) !== nonce);
    return known;
  }

  #find(nonce: string): OutboxMessage | undefined {
    return [...this.#queued, ...this.#detached].find((message) => nonceOf(message) === nonce);
  }

  #keep(message: OutboxMessage): void {
    if (!this.#arrived.has(nonceOf(message))) this.#detached = [...this.#detached, message];
  }
}

function nonceOf({ key, tags }: OutboxMessage): string {
  return tags?.nonce ?? key;
}

function toOutgoing(message: OutboxMessage): Outgoing {
  const { data, time, status, result, error } = message;
  return {
    key: nonceOf(message),
    text: textOf(data),
    time,
    status: STATUS[status],
    ...(result !== undefined && { offset: result.offset }),
    ...(error !== undefined && { error }),
  };
}
