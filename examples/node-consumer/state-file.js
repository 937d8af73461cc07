import { readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';

/**
 * A small JSON file that is either as it was or as it shall be, whenever the process or the machine dies.
 *
 * @template T
 */
export class StateFile {
  #path;
  /** @type {T | undefined} what shall be written next */
  #next;
  /** @type {Promise<void> | undefined} */
  #writing;

  /** @param {string} path */
  constructor(path) {
    this.#path = path;
  }

  /**
   * What was saved last, or `initial` when there is no file yet.
   *
   * @param {T} initial
   * @returns {T}
   */
  load(initial) {
    try {
      return JSON.parse(readFileSync(this.#path, 'utf8'));
    } catch (error) {
      // A file that is there and cannot be read is for a person to look at: starting anew would count everything twice.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return initial;
      throw error;
    }
  }

  /**
   * Saves a value. While one is being written, only the newest of those that come is kept: it makes the others superfluous.
   *
   * @param {T} value an object that is not changed afterwards
   * @returns {Promise<void>} resolves when this value, or a newer one, is on disk
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
      // Another file is written, flushed and put in the place of the old one in one step: nobody ever sees half of it.
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
