import type { Command, ServerMessage } from '@sluice/protocol';
import type { SubscriptionRecord } from './api.ts';

type Mutable = { -readonly [Name in keyof SubscriptionRecord]: SubscriptionRecord[Name] };

const keyOf = (channel: string, sub: number | undefined): string => `${channel} ${sub ?? ''}`;

/** The subscriptions of a connection, as its frames show them. */
export class Subscriptions {
  readonly #records = new Map<string, Mutable>();
  /** Subscribe commands without a reply, by id. */
  readonly #pending = new Map<number, Mutable>();

  get list(): readonly SubscriptionRecord[] {
    return [...this.#records.values()].map((record) => ({ ...record }));
  }

  /** The connection is lost: it holds nothing any more. */
  lost(): void {
    this.#pending.clear();
    for (const record of this.#records.values()) if (record.state !== 'ended') record.state = 'subscribing';
  }

  sent(command: Command): void {
    if (command.type === 'subscribe') {
      const record = this.#of(command.channel, command.sub);
      record.state = 'subscribing';
      this.#pending.set(command.id, record);
    } else if (command.type === 'unsubscribe') {
      this.#records.delete(keyOf(command.channel, command.sub));
    }
  }

  received(message: ServerMessage): void {
    if (message.type === 'reply' || message.type === 'error') this.#answered(message);
    else if ('channel' in message) this.#pushed(message);
  }

  #answered(message: Extract<ServerMessage, { type: 'reply' | 'error' }>): void {
    const { id } = message;
    const record = id === undefined ? undefined : this.#pending.get(id);
    if (record === undefined || id === undefined) return;
    this.#pending.delete(id);
    if (message.type === 'error') {
      record.state = 'ended';
      return;
    }
    const { state, epoch, offset } = message.result as { state: 'live' | 'replaying'; epoch: string; offset: number };
    record.state = state;
    record.position = { epoch, offset };
  }

  #pushed(message: Extract<ServerMessage, { channel: string }>): void {
    const { channel, sub } = message as { readonly channel: string; readonly sub?: number };
    const record = this.#records.get(keyOf(channel, sub));
    if (record === undefined) return;
    switch (message.type) {
      case 'messages': {
        record.received += message.messages.length;
        const { offset } = message.messages.at(-1) ?? {};
        if (offset !== undefined) record.position = { epoch: message.epoch, offset };
        break;
      }
      case 'progress':
        record.position = { epoch: message.epoch, offset: message.offset };
        break;
      case 'gap':
        record.gaps++;
        record.position = message.to;
        break;
      case 'live':
      case 'replaying':
        record.state = message.type;
        break;
      case 'unsubscribed':
        record.state = 'ended';
    }
  }

  #of(channel: string, sub: number | undefined): Mutable {
    const key = keyOf(channel, sub);
    const record = this.#records.get(key) ?? {
      ...{ channel, sub, state: 'subscribing' as const, position: undefined, received: 0, gaps: 0 },
    };
    this.#records.set(key, record);
    return record;
  }
}
