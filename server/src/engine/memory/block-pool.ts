import { Block } from './block.ts';

/** Bytes of the blocks that are lent, by powers of two. */
const SMALLEST = 256;
const LARGEST = 65_536;

/** Blocks of one size that wait to be lent again. */
interface Shelf {
  readonly blocks: Block[];
  /** The smallest number of free blocks since the last cleanup: these were not needed. */
  fewest: number;
}

/**
 * Lends blocks to the logs of an engine.
 *
 * Blocks are shared memory that no other thread uses: other buffers count as growth of the heap,
 * and the garbage collector would run for every few megabytes that logs grow, and find nothing. It
 * would not free blocks early either, so the pool lends the blocks that one log returns to the
 * next.
 */
export class BlockPool {
  readonly #shelves = new Map<number, Shelf>();

  constructor() {
    for (let size = SMALLEST; size <= LARGEST; size *= 2) this.#shelves.set(size, { blocks: [], fewest: 0 });
  }

  /** Bytes of the blocks that wait. */
  get waiting(): number {
    let bytes = 0;
    for (const [size, { blocks }] of this.#shelves) bytes += size * blocks.length;
    return bytes;
  }

  /**
   * An empty block.
   *
   * @param least bytes that it must have; one that is to hold little besides has no more
   * @param wanted bytes that it should have
   */
  take(least: number, wanted: number): Block {
    if (least > LARGEST / 2) return new Block(Buffer.allocUnsafeSlow(least));
    const spare = 2 ** Math.floor(Math.log2(Math.max(SMALLEST, Math.min(LARGEST, wanted))));
    const size = Math.max(spare, 2 ** Math.ceil(Math.log2(least)));
    const shelf = this.#shelves.get(size);
    const block = shelf?.blocks.pop() ?? new Block(Buffer.from(new SharedArrayBuffer(size)));
    if (shelf !== undefined) shelf.fewest = Math.min(shelf.fewest, shelf.blocks.length);
    return block;
  }

  /** Returns a block that no log reads any more. */
  give(block: Block): void {
    this.#shelves.get(block.size)?.blocks.push(block);
  }

  /** Releases blocks that were not needed since the last call. */
  tidy(): void {
    for (const shelf of this.#shelves.values()) {
      shelf.blocks.splice(0, shelf.fewest);
      shelf.fewest = shelf.blocks.length;
    }
  }
}
