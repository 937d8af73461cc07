/** Bytes of the length in front of a frame. */
export const HEAD = 4;
/** Bytes of the largest frame; a greater length is invalid. */
const MOST = 512 * 1024 * 1024;

/** Splits a stream of bytes into frames: a length of four bytes, big-endian, and that many bytes of text. */
export class FrameReader {
  readonly #take: (text: string) => void;
  #chunks: Buffer[] = [];
  #size = 0;
  #wanted = HEAD;

  constructor(take: (text: string) => void) {
    this.#take = take;
  }

  /** @throws RangeError when the bytes cannot be frames */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.byteLength;
    if (this.#size < this.#wanted) return; // the chunks of a large frame are joined once
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    let at = 0;
    for (;;) {
      const length = bytes.byteLength - at < HEAD ? 0 : bytes.readUInt32BE(at);
      if (length > MOST) throw new RangeError(`a frame of ${length} bytes`);
      this.#wanted = HEAD + length;
      if (bytes.byteLength - at < this.#wanted) break;
      this.#take(bytes.toString('utf8', at + HEAD, at + this.#wanted));
      at += this.#wanted;
    }
    this.#size = bytes.byteLength - at;
    this.#chunks = this.#size === 0 ? [] : [bytes.subarray(at)];
  }
}
