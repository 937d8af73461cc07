import type { ByteBudget } from '../util/byte-budget.ts';
import type { TurnCount } from '../util/turn-count.ts';
import { type Body, type BodyFault, MAX_BODY, type Sender } from './http.ts';

/** Pieces of a body that may have any size; each costs about a microsecond. */
const FREE_PIECES = 1_024;
/** Bytes that a piece must have on average beyond that. */
const LEAST_PIECE = 128;
/** Pieces of all bodies in one turn after which no other body may come in pieces. */
const MOST_PIECES = 8_192;
/** First size of the buffer. */
const FIRST = 4_096;
/** Above this size the buffer is one that grows in its place, by as much each time, and gives its memory back to the system at once. It costs more to make. */
const LARGE = 65_536;

const NOTHING = new Uint8Array();

/** What all bodies share, by who sends them. */
export interface BodyBudgets extends Readonly<Record<Sender, ByteBudget>> {
  /** Counts their pieces. */
  readonly pieces: TurnCount;
}

/** What one body shares with others. */
export interface BodyLimits {
  /** For what is stored of them. */
  readonly budget: ByteBudget;
  /** Counts their pieces. */
  readonly pieces: TurnCount;
}

/**
 * The body of a request while it arrives: one buffer, which grows with what arrived and never by what was announced. Large bodies, tiny pieces, and bodies
 * for which all bodies together leave no room, are dropped.
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

  /** Could another body come in pieces, in this turn? What has arrived of it is given to us piece by piece, and nothing stops that. */
  static mayComeInPieces({ pieces }: Pick<BodyLimits, 'pieces'>): boolean {
    return pieces.count < MOST_PIECES;
  }

  /** Is nothing more expected of it, well or badly? */
  get settled(): boolean {
    return this.#outcome !== undefined;
  }

  /** Adds what arrived; it is copied. */
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

  /** It is complete. */
  end(): void {
    this.#settle('whole');
  }

  /** The sender is gone. */
  cut(): void {
    this.#settle('cut_off');
    if (this.#outcome === 'whole') this.#outcome = 'cut_off'; // nobody has read it
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
    this.#limits.budget.give(this.#bytes.byteLength);
    this.#large?.resize(0);
    this.#large = undefined;
    this.#bytes = NOTHING;
    this.#size = 0;
  }
}
