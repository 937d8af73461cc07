/** The stages of a test run: their headings, output and counts, and the summary at the end. */
import { sum, summary } from './counts.mjs';

/**
 * @typedef {import('./counts.mjs').Counts} Counts
 * @typedef {import('./run-command.mjs').Progress} Progress
 *
 * @typedef {object} Output where a stage writes to
 * @property {(text: string) => void} write
 * @property {(progress: Progress) => void} onProgress
 */

/** Milliseconds between two lines about a stage's progress. */
const INTERVAL = 20_000;

export class Stages {
  #stream;
  #start = performance.now();
  /** @type {{ name: string, counts: Counts, seconds: number }[]} */
  #done = [];
  /** Tests that passed only at the second try. @type {string[]} */
  #late = [];

  /** @param {{ write(text: string): unknown }} stream */
  constructor(stream) {
    this.#stream = stream;
  }

  /**
   * Runs a stage and shows its output as it arrives.
   *
   * @param {string} name
   * @param {(output: Output) => Promise<Counts>} work
   * @returns {Promise<boolean>} did nothing fail?
   */
  run(name, work) {
    this.#write(heading(name));
    return this.#measure(name, work, (text) => this.#write(text));
  }

  /**
   * Runs a stage in parallel to another one: its output is shown in one piece when it ends.
   *
   * @param {string} name
   * @param {(output: Output) => Promise<Counts>} work
   */
  async runBeside(name, work) {
    let kept = heading(name);
    this.#write(`▸ ${name}: running beside\n`);
    const ok = await this.#measure(
      name,
      work,
      (text) => {
        kept += text;
      },
      () => this.#write(kept),
    );
    return ok;
  }

  /**
   * Runs the failed tests of a stage once more. The counts of both tries replace those of the first.
   *
   * @param {string} name of a stage that has run
   * @param {(output: Output) => Promise<{ counts: Counts, late: string[] }>} work `late`: the tests
   *   that passed only now
   */
  async runAgain(name, work) {
    const first = this.#done.findIndex((stage) => stage.name === name);
    await this.run(`${name}, second try`, async (output) => {
      const { counts, late } = await work(output);
      this.#late.push(...late);
      return counts;
    });
    this.#done.splice(first, 1);
  }

  /**
   * @param {string} name
   * @param {(output: Output) => Promise<Counts>} work
   * @param {(text: string) => void} write
   * @param {() => void} [finish] called before the result is shown
   */
  async #measure(name, work, write, finish) {
    const start = performance.now();
    const counts = await work({ write, onProgress: this.#progressOf(name) });
    const seconds = (performance.now() - start) / 1000;
    finish?.();
    this.#done.push({ name, counts, seconds });
    this.#write(`\n${mark(counts)} ${name}: ${summary(counts)} (${seconds.toFixed(1)} s)\n`);
    return counts.failed === 0;
  }

  /** Shows the progress of a stage from time to time. @param {string} name @returns {(progress: Progress) => void} */
  #progressOf(name) {
    let shownAt = performance.now();
    return ({ done, total, running }) => {
      if (performance.now() - shownAt < INTERVAL) return;
      shownAt = performance.now();
      this.#write(`▸ ${name}: ${done} of ${total} files; running ${running.join(', ')}\n`);
    };
  }

  /** Shows every stage and, as the last line, all that was counted. @returns {boolean} did nothing fail? */
  summarize() {
    this.#write(heading('Summary'));
    for (const { name, counts, seconds } of this.#done) {
      this.#write(`${mark(counts)} ${name.padEnd(40)} ${summary(counts).padEnd(34)} ${seconds.toFixed(1)} s\n`);
    }
    for (const test of this.#late) this.#write(`! passed only at the second try, so it has a race: ${test}\n`);
    const total = sum(this.#done.map(({ counts }) => counts));
    this.#write(`\nin ${((performance.now() - this.#start) / 1000).toFixed(0)} s\n\n${summary(total)}\n`);
    return total.failed === 0;
  }

  /** @param {string} text */
  #write(text) {
    this.#stream.write(text);
  }
}

/** @param {string} name */
const heading = (name) => `\n━━━ ${name} ${'━'.repeat(Math.max(3, 70 - name.length))}\n\n`;

/** @param {Counts} counts */
const mark = ({ failed }) => (failed === 0 ? '✓' : '✗');
