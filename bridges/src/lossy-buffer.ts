import { RecordBuffer } from './record-buffer.ts';

/** Messages, and bytes of their bodies, that wait for the runner at most. */
const MOST = 10_000;
const LARGEST = 16_777_216;

export interface LossyBufferOptions<T> {
  readonly sizeOf: (item: T) => number;
  /** An item had no room, or nobody will take it. */
  readonly onLost: () => void;
  readonly most?: number;
}

/** A buffer for brokers that do not wait for a slow reader: what has no room is lost, and reported. */
export class LossyBuffer<T> {
  readonly #options: LossyBufferOptions<T>;
  readonly #buffer = new RecordBuffer<T>();
  #count = 0;
  #bytes = 0;
  #hasFailed = false;

  constructor(options: LossyBufferOptions<T>) {
    this.#options = options;
  }

  push(item: T): void {
    const { sizeOf, onLost, most = MOST } = this.#options;
    if (this.#hasFailed || this.#count >= most || this.#bytes >= LARGEST) {
      onLost();
      return;
    }
    this.#count += 1;
    this.#bytes += sizeOf(item);
    this.#buffer.push(item);
  }

  /** Ends the buffer: what waits in it, or comes later, is lost. */
  fail(error: unknown): void {
    this.#hasFailed = true;
    for (; this.#count > 0; this.#count--) this.#options.onLost();
    this.#buffer.fail(error);
  }

  async take(most: number): Promise<readonly T[]> {
    const items = await this.#buffer.take(most);
    this.#count -= items.length;
    for (const item of items) this.#bytes -= this.#options.sizeOf(item);
    return items;
  }
}
