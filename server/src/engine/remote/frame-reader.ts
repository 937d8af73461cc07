/** Bytes in front of a frame that say how long it is. */
export const HEAD = 4;
/** Bytes of the largest frame; anything above is no frame of ours. */
const MOST = 512 * 1024 * 1024;

/** Cuts a stream of bytes into frames: a length of four bytes, the highest first, and so many bytes of text. */
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
    if (this.#size < this.#wanted) return; // a large frame comes in many chunks: they are joined once
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
