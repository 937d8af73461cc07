import type { ByteBudget } from '../util/byte-budget.ts';
import { type Body, type BodyFault, MAX_BODY } from './http.ts';

/** Pieces of a body that may have any size; each costs about a microsecond. */
const FREE_PIECES = 1_024;
/** Bytes that a piece must have on average beyond that. */
const LEAST_PIECE = 128;
/** First size of the buffer. */
const FIRST = 4_096;

const NOTHING = Buffer.alloc(0);

/**
 * The body of a request while it arrives: one buffer, which grows with what arrived and never by what was announced. Large bodies, tiny pieces, and bodies
 * for which all bodies together leave no room, are dropped.
 */
export class IncomingBody {
  readonly #budget: ByteBudget;
  #bytes: Buffer = NOTHING;
  #size = 0;
  #pieces = 0;
  #outcome: 'whole' | BodyFault | undefined;
  #tell: (() => void) | undefined;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** Is nothing more expected of it, well or badly? */
  get settled(): boolean {
    return this.#outcome !== undefined;
  }

  /** Adds what arrived; it is copied. */
  add(piece: Uint8Array): void {
    if (this.#outcome !== undefined || piece.byteLength === 0) return;
    const size = this.#size + piece.byteLength;
    if (size > MAX_BODY) this.#settle('too_large');
    else if (++this.#pieces > FREE_PIECES && size < this.#pieces * LEAST_PIECE) this.#settle('too_many_pieces');
    else if (!this.#reserve(size)) this.#settle('no_room');
    else {
      this.#bytes.set(piece, this.#size);
      this.#size = size;
    }
  }

  #reserve(size: number): boolean {
    const before = this.#bytes.byteLength;
    if (size <= before) return true;
    const after = Math.min(MAX_BODY, Math.max(FIRST, before * 2, size));
    if (!this.#budget.take(after - before)) return false;
    const bytes = Buffer.allocUnsafeSlow(after);
    this.#bytes.copy(bytes, 0, 0, this.#size);
    this.#bytes = bytes;
    return true;
  }

  /** It is complete. */
  end(): void {
    this.#settle('whole');
  }

  /** The sender is gone. */
  cut(): void {
    this.#settle('cut_off');
    this.release();
  }

  #settle(outcome: 'whole' | BodyFault): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    if (outcome !== 'whole') this.release();
    this.#tell?.();
  }

  /** Resolves when it is complete, or cannot become so. The bytes are valid until `release`. */
  async read(): Promise<Body> {
    if (this.#outcome === undefined) {
      await new Promise<void>((resolve) => {
        this.#tell = resolve;
      });
    }
    const outcome = this.#outcome ?? 'cut_off';
    return outcome === 'whole' ? this.#bytes.subarray(0, this.#size) : outcome;
  }

  /** Gives its memory back. */
  release(): void {
    this.#budget.give(this.#bytes.byteLength);
    this.#bytes = NOTHING;
    this.#size = 0;
  }
}
