import type { Answers } from '../cluster/cluster.ts';
import type { HttpStream, StreamBody, StreamListener } from '../transport/http.ts';
import type { Clock } from '../util/clock.ts';
import type { TapAnswer } from './tap.ts';

/** Milliseconds between two questions to all nodes. */
export const INTERVAL = 250;
/** Milliseconds between two questions that take nothing, while the reader does not keep up. */
const KEEP_INTERVAL = 2_000;

/** Take the entries, take the last ones, or only go on recording. */
export type TapCall = 'take' | 'end' | 'keep';

export interface TapStreamOptions {
  readonly clock: Clock;
  readonly seconds: number;
  /** Asks all nodes. A node that is not asked for some seconds stops recording. */
  readonly ask: (call: TapCall) => Promise<Answers<TapAnswer>>;
  readonly ended: (entries: number) => void;
  readonly failed: (error: unknown) => void;
}

/** The entries of all nodes as lines of JSON, until the time is over or the reader has gone. */
export class TapStream implements StreamBody, StreamListener {
  readonly filler = '\n';
  readonly #options: TapStreamOptions;
  readonly #until: number;
  #wake: (() => void) | undefined;
  #gone = false;
  #isFull = false;
  #entries = 0;
  /** The nodes that did not answer, as the reader knows them. */
  #missing = '';

  constructor(options: TapStreamOptions) {
    this.#options = options;
    this.#until = options.clock.monotonic() + options.seconds * 1_000;
  }

  open(stream: HttpStream): StreamListener {
    void this.#pump(stream).catch((error: unknown) => {
      this.#options.failed(error);
      stream.end();
    });
    return this;
  }

  async #pump(stream: HttpStream): Promise<void> {
    const { clock, ask, ended } = this.#options;
    while (!this.#gone && clock.monotonic() < this.#until) {
      const keepsUp = stream.write(this.#lines(await this.#ask()));
      // Meanwhile the nodes keep a limited number of entries.
      if (keepsUp) await this.#pause(INTERVAL);
      else await this.#drain();
    }
    const last = await ask('end').catch(() => undefined);
    if (last !== undefined) stream.write(this.#lines(last));
    stream.write(line({ type: 'end', entries: this.#entries }));
    stream.end();
    ended(this.#entries);
  }

  /** An engine that is away interrupts the tap, and does not end it. */
  async #ask(): Promise<Answers<TapAnswer>> {
    return this.#options.ask('take').catch(() => ({ answers: [], missing: ['the other nodes'] }));
  }

  #lines({ answers, missing }: Answers<TapAnswer>): string {
    const entries = answers.flatMap(({ answer }) => answer.entries).sort((a, b) => a.time - b.time);
    this.#entries += entries.length;
    const lost = answers.flatMap(({ node, answer }) => (answer.lost === 0 ? [] : [{ node, count: answer.lost }]));
    const notes = lost.map((each) => ({ type: 'lost', ...each }));
    return [...entries, ...notes, ...this.#newlyMissing(answers, missing)].map(line).join('') || this.filler;
  }

  #newlyMissing(answers: Answers<TapAnswer>['answers'], missing: readonly string[]): readonly object[] {
    const busy = answers.flatMap(({ node, answer }) => (answer.busy === true ? [node] : []));
    const nodes = [...missing, ...busy].sort();
    const text = nodes.join(' ');
    if (text === this.#missing) return [];
    this.#missing = text;
    return [{ type: 'missing', nodes }];
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(ms, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  /** Meanwhile the nodes go on recording, and count what they have no room for. */
  async #drain(): Promise<void> {
    const { clock, ask } = this.#options;
    this.#isFull = true;
    while (this.#isFull && !this.#gone && clock.monotonic() < this.#until) {
      await this.#pause(Math.min(KEEP_INTERVAL, this.#until - clock.monotonic()));
      if (this.#isFull) await ask('keep').catch(() => {}); // the next question that takes tells what is missing
    }
  }

  drained(): void {
    this.#isFull = false;
    this.#wake?.();
    this.#wake = undefined;
  }

  closed(): void {
    this.#gone = true;
    this.drained();
  }

  abandon(): void {
    this.#options.ended(0);
  }
}

const line = (value: object): string => `${JSON.stringify(value)}\n`;
