/**
 * A reporter for vitest: reports the progress of the run, and the running files, to its parent
 * process.
 */

/** @typedef {import('vitest/node').Reporter} Reporter @typedef {import('vitest/node').TestModule} TestModule */

/** Milliseconds between two messages while a file's tests end one after the other. */
const INTERVAL = 1_000;

/** @implements {Reporter} */
export class ProgressReporter {
  #total = 0;
  #done = 0;
  /** @type {Set<string>} */
  #running = new Set();
  #sentAt = Number.NEGATIVE_INFINITY;

  /** @param {readonly unknown[]} files */
  onTestRunStart(files) {
    this.#total = files.length;
  }

  /** @param {TestModule} file */
  onTestModuleStart(file) {
    this.#running.add(file.relativeModuleId);
    this.#send();
  }

  onTestCaseResult() {
    if (performance.now() - this.#sentAt >= INTERVAL) this.#send();
  }

  /** @param {TestModule} file */
  onTestModuleEnd(file) {
    this.#running.delete(file.relativeModuleId);
    this.#done++;
    this.#send();
  }

  #send() {
    this.#sentAt = performance.now();
    process.send?.({ done: this.#done, total: this.#total, running: [...this.#running] });
  }
}
