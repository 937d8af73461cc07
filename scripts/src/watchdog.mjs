/**
 * Detects a hanging command, independent of the machine's speed: only the time since its last
 * progress counts.
 */

/** @typedef {(running: readonly string[]) => void} OnHang receives the files that the command was working on */

export class Watchdog {
  #patience;
  #onHang;
  /** @type {readonly string[]} */
  #running = [];
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /** @param {number} patience in milliseconds @param {OnHang} onHang */
  constructor(patience, onHang) {
    this.#patience = patience;
    this.#onHang = onHang;
    this.feed();
  }

  /** The command made progress. @param {readonly string[]} [running] what it is working on now */
  feed(running = this.#running) {
    this.#running = running;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onHang(this.#running), this.#patience);
  }

  end() {
    clearTimeout(this.#timer);
  }
}
