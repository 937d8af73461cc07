import type { PublishResult, Tags } from '@sluice/protocol';
import { Emitter } from '../emitter.ts';
import type { SluiceError } from '../index.ts';
import type { OutboxMessage, OutboxStatus, Outgoing } from './message-api.ts';

/** What `publish` returns. It follows its message even after the message has left the list. */
export class FollowedMessage<T> implements Outgoing<T> {
  readonly #events = new Emitter<{ status: OutboxMessage<T> }>();
  #now: OutboxMessage<T>;

  constructor(message: OutboxMessage<T>) {
    this.#now = message;
  }

  get key(): string {
    return this.#now.key;
  }

  get channel(): string {
    return this.#now.channel;
  }

  get data(): T {
    return this.#now.data;
  }

  get event(): string | undefined {
    return this.#now.event;
  }

  get tags(): Tags | undefined {
    return this.#now.tags;
  }

  get trace(): string | undefined {
    return this.#now.trace;
  }

  get ttl(): number | undefined {
    return this.#now.ttl;
  }

  get time(): number {
    return this.#now.time;
  }

  get status(): OutboxStatus {
    return this.#now.status;
  }

  get stored(): boolean {
    return this.#now.stored;
  }

  get result(): PublishResult | undefined {
    return this.#now.result;
  }

  get error(): SluiceError | undefined {
    return this.#now.error;
  }

  get settled(): Promise<OutboxMessage<T>> {
    return new Promise((resolve) => {
      const look = (message: OutboxMessage<T>) => {
        if (message.status === 'queued' || message.status === 'sent') return;
        stop();
        resolve(message);
      };
      const stop = this.onStatus(look);
      look(this.#now);
    });
  }

  onStatus(handler: (message: OutboxMessage<T>) => void): () => void {
    return this.#events.on('status', handler);
  }

  /** The message has changed. */
  follow(message: OutboxMessage<T>): void {
    this.#now = message;
    this.#events.emit('status', message);
  }
}
