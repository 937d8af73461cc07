import { Deque } from '../../util/deque.ts';
import { LoggedMessage } from '../logged-message.ts';
import { type Block, spaceFor } from './block.ts';
import type { BlockPool } from './block-pool.ts';

/**
 * The messages that a log holds: appended at the end, dropped from the front, read anywhere.
 *
 * They are kept as JSON in blocks of bytes, outside of the garbage collector's sight: of values it
 * would have to look after several for each message, again and again, and most logs hold very many
 * that nobody reads.
 */
export class MessageWindow {
  readonly #pool: BlockPool;
  readonly #blocks = new Deque<Block>();
  #last: Block | undefined;
  /** Bytes of all blocks. */
  #size = 0;
  /** Messages that have been appended, and of these, dropped. */
  #appended = 0;
  #dropped = 0;
  #oldest = Number.POSITIVE_INFINITY;

  constructor(pool: BlockPool) {
    this.#pool = pool;
  }

  get length(): number {
    return this.#appended - this.#dropped;
  }

  /** Bytes in use. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of the messages. A look at every block: their number grows slowly with the content. */
  get content(): number {
    let content = 0;
    for (let at = 0; at < this.#blocks.length; at++) content += this.#blocks.at(at)?.content ?? 0;
    return content;
  }

  /** When the oldest message was accepted: milliseconds since the Unix epoch, `Infinity` when there is none. */
  get oldest(): number {
    return this.#oldest;
  }

  push({ json }: LoggedMessage, time: number): void {
    if (this.#last?.add(json, time) !== true) this.#addBlock(json).add(json, time);
    if (this.length === 0) this.#oldest = time;
    this.#appended++;
  }

  #addBlock(json: string): Block {
    // A quarter of the content: few blocks for a long log, little waste for a short one.
    const block = this.#pool.take(spaceFor(json), this.#size / 4);
    block.begin(this.#appended);
    this.#size += block.size;
    this.#blocks.push(block);
    this.#last = block;
    return block;
  }

  /** Drops the oldest. */
  shift(): void {
    const block = this.#blocks.at(0);
    if (block === undefined) return;
    this.#dropped++;
    if (block.dropFirst()) this.#dropBlock(block);
    this.#oldest = this.length === 0 ? Number.POSITIVE_INFINITY : this.timeAt(0);
  }

  #dropBlock(block: Block): void {
    this.#blocks.shift();
    this.#size -= block.size;
    if (block === this.#last) this.#last = undefined;
    this.#pool.give(block);
  }

  /** When the message `index` places from the oldest was accepted. */
  timeAt(index: number): number {
    const number = this.#dropped + index;
    return this.#blockOf(number).timeOf(number);
  }

  /** The message `index` places from the oldest. */
  at(index: number, offset: number): LoggedMessage {
    const number = this.#dropped + index;
    return LoggedMessage.read(this.#blockOf(number).jsonOf(number), offset);
  }

  #blockOf(number: number): Block {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#blocks.at(middle) as Block).end <= number) low = middle + 1;
      else high = middle;
    }
    return this.#blocks.at(low) as Block;
  }
}
