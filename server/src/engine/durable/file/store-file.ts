import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/**
 * An LMDB file, read without LMDB: page by page, with checks before every step. LMDB maps the file
 * into memory and trusts it, so a damaged file kills the whole process.
 */
export class StoreFile {
  readonly path: string;
  readonly size: number;
  readonly #handle: number;

  private constructor(path: string, handle: number) {
    this.path = path;
    this.#handle = handle;
    this.size = fstatSync(handle).size;
  }

  /** @throws Error if the file does not exist or cannot be read */
  static open(path: string): StoreFile {
    const handle = openSync(path, 'r');
    if (fstatSync(handle).isFile()) return new StoreFile(path, handle);
    closeSync(handle);
    throw new Error(`${path} is not a file`);
  }

  /** Reads these bytes; fewer where the file ends. */
  read(at: number, length: number): Buffer {
    const buffer = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const count = readSync(this.#handle, buffer, filled, length - filled, at + filled);
      if (count === 0) break;
      filled += count;
    }
    return buffer.subarray(0, filled);
  }

  close(): void {
    closeSync(this.#handle);
  }
}
