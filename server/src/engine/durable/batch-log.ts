import type { GroupLog } from '../group-state/operation.ts';
import type { LoggedMessage } from '../logged-message.ts';
import type { Batch, OpenChannel } from './batch.ts';
import { decodeMessage } from './records.ts';

/** A channel's log as a batch leaves it: with the messages that it has added so far. */
export class BatchLog implements GroupLog {
  readonly #batch: Batch;
  readonly #open: OpenChannel;

  constructor(batch: Batch, open: OpenChannel) {
    this.#batch = batch;
    this.#open = open;
  }

  /** Number of the channel. */
  get id(): number {
    return this.#open.record.id;
  }

  get epoch(): string {
    return this.#open.epoch;
  }

  get head(): number {
    return this.#open.record.head;
  }

  get first(): number {
    return this.#batch.firstOf(this.#open);
  }

  get purged(): number {
    return this.#open.record.purged;
  }

  at(offset: number): LoggedMessage {
    return decodeMessage(this.#batch.bodyOf(this.id, offset), offset);
  }

  /** Drops all messages up to this offset. */
  dropThrough(offset: number): void {
    this.#batch.dropThrough(this.#open, offset);
  }
}
