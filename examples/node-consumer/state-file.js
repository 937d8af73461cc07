import { readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';

/**
 * A small JSON file with atomic writes: after a crash, it has either the old or the new content.
 *
 * @template T
 */
export class StateFile {
  #path;
  /** @type {T | undefined} the next value to write */
  #next;
  /** @type {Promise<void> | undefined} */
  #writing;

  /** @param {string} path */
  constructor(path) {
    this.#path = path;
  }

  /**
   * Returns the last saved value, or `initial` if there is no file yet.
   *
   * @param {T} initial
   * @returns {T}
   */
  load(initial) {
    try {
      return JSON.parse(readFileSync(this.#path, 'utf8'));
    } catch (error) {
      // An operator must check an unreadable file: a new start would count everything twice.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return initial;
      throw error;
    }
  }

  /**
   * Saves a value. If another value is being written, only the newest waiting value is kept.
   *
   * @param {T} value must not be changed afterwards
   * @returns {Promise<void>} resolves when this value or a newer one is on disk
   */
  save(value) {
    this.#next = value;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write() {
    while (this.#next !== undefined) {
      const text = JSON.stringify(this.#next);
      this.#next = undefined;
      // Write and flush another file, then rename it over the old one in one step, so that the file
      // is never incomplete.
      const file = await open(`${this.#path}.new`, 'w');
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${this.#path}.new`, this.#path);
    }
  }
}
