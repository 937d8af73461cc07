import type { ByteBudget } from '../util/byte-budget.ts';
import type { TurnCount } from '../util/turn-count.ts';
import { type Body, type BodyFault, MAX_BODY, type Sender } from './http.ts';

/** Number of pieces that may have any size; each costs about a microsecond. */
const FREE_PIECES = 1_024;
/** Minimum average bytes of the pieces beyond that number. */
const LEAST_PIECE = 128;
/** Number of pieces of all bodies in one turn after which no other body may arrive in pieces. */
const MOST_PIECES = 8_192;
/** Initial size of the buffer. */
const FIRST = 4_096;
/**
 * Above this size, a resizable buffer is used. It grows in place by this size, and returns its
 * memory to the system at once, but is slower to create.
 */
const LARGE = 65_536;

const NOTHING = new Uint8Array();

/** The budget and the counter that all bodies share, by sender. */
export interface BodyBudgets extends Readonly<Record<Sender, ByteBudget>> {
  /** Counts their pieces. */
  readonly pieces: TurnCount;
}

/** The shared parts of one body. */
export interface BodyLimits {
  /** The budget of stored bytes. */
  readonly budget: ByteBudget;
  /** Counts their pieces. */
  readonly pieces: TurnCount;
}

/**
 * The body of a request while it arrives. Its one buffer grows with the received bytes, never by
 * the announced length. Bodies are dropped if they are too large, arrive in tiny pieces, or exceed
 * the shared budget.
 */
export class IncomingBody {
  readonly #limits: BodyLimits;
  #bytes: Uint8Array = NOTHING;
  #large: ArrayBuffer | undefined;
  #size = 0;
  #pieces = 0;
  #outcome: 'whole' | BodyFault | undefined;
  #tell: (() => void) | undefined;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /**
   * May another body arrive in pieces in this turn? The transport delivers a body piece by piece,
   * and cannot be paused.
   */
  static mayComeInPieces({ pieces }: Pick<BodyLimits, 'pieces'>): boolean {
    return pieces.count < MOST_PIECES;
  }

  /** Is it complete, or has it failed? */
  get settled(): boolean {
    return this.#outcome !== undefined;
  }

  /** Appends a copy of the piece. */
  add(piece: Uint8Array): void {
    this.#limits.pieces.add();
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
    const after = size > LARGE ? Math.ceil(size / LARGE) * LARGE : Math.max(FIRST, before * 2, size);
    if (!this.#limits.budget.take(after - before)) return false;
    if (this.#large === undefined) this.#move(after);
    else this.#large.resize(after);
    return true;
  }

  #move(size: number): void {
    const old = this.#bytes.subarray(0, this.#size);
    if (size > LARGE) {
      this.#large = new ArrayBuffer(size, { maxByteLength: MAX_BODY });
      this.#bytes = new Uint8Array(this.#large); // its length follows the buffer's
    } else this.#bytes = Buffer.allocUnsafeSlow(size);
    this.#bytes.set(old);
  }

  /** The body is complete. */
  end(): void {
    this.#settle('whole');
  }

  /** The sender has disconnected. */
  cut(): void {
    this.#settle('cut_off');
    if (this.#outcome === 'whole') this.#outcome = 'cut_off'; // it has not been read
    this.release();
  }

  #settle(outcome: 'whole' | BodyFault): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    if (outcome !== 'whole') this.release();
    this.#tell?.();
  }

  /** Resolves when it is complete or has failed. The bytes are valid until `release`. */
  async read(): Promise<Body> {
    if (this.#outcome === undefined) {
      await new Promise<void>((resolve) => {
        this.#tell = resolve;
      });
    }
    const outcome = this.#outcome ?? 'cut_off';
    return outcome === 'whole' ? this.#bytes.subarray(0, this.#size) : outcome;
  }

  /** Frees its memory. */
  release(): void {
    this.#limits.budget.give(this.#bytes.byteLength);
    this.#large?.resize(0);
    this.#large = undefined;
    this.#bytes = NOTHING;
    this.#size = 0;
  }
}
