import type { Answers } from '../cluster/cluster.ts';
import type { HttpStream, StreamBody, StreamListener } from '../transport/http.ts';
import type { Clock } from '../util/clock.ts';
import type { TapAnswer } from './tap.ts';

/** Milliseconds between two questions to all nodes. */
export const INTERVAL = 250;

export interface TapStreamOptions {
  readonly clock: Clock;
  readonly seconds: number;
  /** Asks all nodes what they did; `end`: for the last time. */
  readonly ask: (end: boolean) => Promise<Answers<TapAnswer>>;
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
    const last = await ask(true).catch(() => undefined);
    if (last !== undefined) stream.write(this.#lines(last));
    stream.write(line({ type: 'end', entries: this.#entries }));
    stream.end();
    ended(this.#entries);
  }

  /** An engine that is away interrupts the tap, and does not end it. */
  async #ask(): Promise<Answers<TapAnswer>> {
    return this.#options.ask(false).catch(() => ({ answers: [], missing: ['the other nodes'] }));
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

  #drain(): Promise<void> {
    return this.#pause(Math.max(0, this.#until - this.#options.clock.monotonic()));
  }

  drained(): void {
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
