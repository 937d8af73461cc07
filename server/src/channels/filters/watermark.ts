/**
 * An offset that grows with fan-outs. If the transport refuses something after the fan-out of a
 * turn, only that fan-out is in doubt, not those before it.
 */
export class Watermark {
  /** After the latest fan-out. */
  offset: number;
  #before: number;
  #turn = -1;

  constructor(offset: number) {
    this.offset = offset;
    this.#before = offset;
  }

  /** The fan-out of this turn reaches `offset`. */
  advance(turn: number, offset: number): void {
    if (this.#turn !== turn) this.#before = this.offset;
    this.#turn = turn;
    this.offset = offset;
  }

  /** The offset that was reached for certain if the fan-out of `turn` is in doubt. */
  certain(turn: number): number {
    return this.#turn === turn ? this.#before : this.offset;
  }
}
