import { Deque } from '../../util/deque.ts';
import { LoggedMessage } from '../logged-message.ts';
import { Block, spaceFor } from './block.ts';

/** Bytes of a log's first block. */
const SMALLEST = 256;
/** Bytes of a block; one message that is larger has a block of its own. */
const LARGEST = 16_384;

/**
 * The messages that a log holds: appended at the end, dropped from the front, read anywhere.
 *
 * They are kept as JSON in blocks of bytes, outside of the garbage collector's sight: of values it would have to look after several for each
 * message, again and again, and most logs hold very many that nobody reads.
 */
export class MessageWindow {
  readonly #blocks = new Deque<Block>();
  #last: Block | undefined;
  /** A block that was emptied and can be filled again. */
  #spare: Block | undefined;
  /** Bytes of all blocks. */
  #size = 0;
  /** Messages that have been appended, and of these, dropped. */
  #appended = 0;
  #dropped = 0;
  #oldest = Number.POSITIVE_INFINITY;

  get length(): number {
    return this.#appended - this.#dropped;
  }

  /** Bytes that it takes. */
  get size(): number {
    return this.#size;
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
    // As large as all that it holds: few blocks for a long log, little waste for a short one.
    const size = Math.max(spaceFor(json), Math.min(LARGEST, Math.max(SMALLEST, this.#size)));
    const block = this.#spare !== undefined && this.#spare.size >= size ? this.#spare : new Block(size);
    if (block === this.#spare) this.#spare = undefined;
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
    this.#spare = this.length > 0 && block.size <= LARGEST ? block : undefined;
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
