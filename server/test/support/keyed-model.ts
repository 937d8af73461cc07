import type { KeyedChange, KeyedSummary } from '../../src/keyed/keyed-log.ts';
import { type KeyedLimits, KeyedView } from '../../src/keyed/keyed-view.ts';

/** The answer of a source: the content of the log at one moment. */
interface Snapshot extends KeyedSummary {
  readonly values: ReadonlyMap<string, string>;
}

/** One subscriber, which applies what it receives according to SPEC.md section 9. */
interface Reader {
  isLive: boolean;
  /** A read for it that is not delivered yet. */
  asked: { readonly wanted: 'summary' | 'list'; readonly snapshot: Snapshot } | undefined;
  /** `null` if only the count is known. */
  known: Map<string, string> | null;
  total: number;
  /** Version of the list. */
  version: number;
}

export type KeyedStep =
  | { readonly do: 'set'; readonly key: string; readonly size: number }
  | { readonly do: 'remove' | 'lose'; readonly key: string }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'begin' | 'read' | 'answer' | 'fail' }
  | { readonly do: 'ask' | 'admit' | 'lag'; readonly who: number };

const RETRY = 1_000;
const MAX_TURNS = 1_000;

/** A keyed log, its view, and three subscribers. Each request to the log is a step, and so is its answer. */
export class KeyedModel {
  readonly view: KeyedView<string>;
  readonly faults: string[] = [];
  readonly #log = new Map<string, string>();
  readonly #readers: Reader[] = [];
  #version = 0;
  #now = 0;
  /** The request of the current announcement, and its undelivered answer. */
  #announcing: { readonly ask: 'summary' | 'list'; snapshot?: Snapshot } | undefined;

  constructor(limits: KeyedLimits) {
    this.view = new KeyedView(limits);
    for (let at = 0; at < 3; at++) {
      this.#readers.push({ isLive: false, asked: undefined, known: null, total: -1, version: 0 });
    }
  }

  run(step: KeyedStep): void {
    if ('who' in step) this.#serve(step.do, this.#readers[step.who]);
    else if ('key' in step) this.#write(step);
    else if (step.do === 'pass') this.#now += step.ms;
    else this.#announce(step.do);
  }

  #write(step: Extract<KeyedStep, { key: string }>): void {
    if (step.do === 'set') this.#change(step.key, `${++this.#version}`.padEnd(step.size, 'x'));
    else this.#remove(step.key, step.do === 'remove');
    if (step.do === 'lose') this.view.reset(this.#now);
  }

  #change(key: string, value: string): void {
    this.#log.set(key, value);
    this.view.note({ key, value, version: this.#version });
  }

  #remove(key: string, isHeard: boolean): void {
    if (!this.#log.delete(key)) return;
    this.#version++;
    if (isHeard) this.view.note({ key, value: null, version: this.#version });
  }

  #snapshot(): Snapshot {
    const bytes = [...this.#log.values()].reduce((sum, value) => sum + value.length, 0);
    return { version: this.#version, total: this.#log.size, bytes, values: new Map(this.#log) };
  }

  #announce(what: 'begin' | 'read' | 'answer' | 'fail'): void {
    if (what === 'begin') {
      if (this.view.due(this.#now) === 0 && this.view.begin(this.#now)) this.#announcing = { ask: 'summary' };
    } else if (this.#announcing === undefined) return;
    else if (what === 'read') this.#announcing.snapshot ??= this.#snapshot();
    else if (what === 'fail') {
      this.#announcing = undefined;
      this.view.fail(this.#now + RETRY);
    } else if (this.#announcing.snapshot !== undefined) this.#answered(this.#announcing.ask, this.#announcing.snapshot);
  }

  #answered(ask: 'summary' | 'list', snapshot: Snapshot): void {
    if (ask === 'summary' && this.#planned(snapshot) === 'list') {
      this.#announcing = { ask: 'list' };
      return;
    }
    if (ask === 'list' && this.view.planList(snapshot)) this.#toLive((reader) => list(reader, snapshot));
    this.#announcing = undefined;
    this.view.finish(this.#now);
  }

  #planned(snapshot: Snapshot): string {
    const plan = this.view.plan(snapshot);
    if (plan.kind === 'count') this.#toLive((reader) => count(reader, snapshot));
    if (plan.kind === 'changes') this.#toLive((reader) => this.#apply(reader, plan.changes));
    return plan.kind;
  }

  #toLive(send: (reader: Reader) => void): void {
    for (const reader of this.#readers) if (reader.isLive) send(reader);
  }

  #apply(reader: Reader, changes: readonly KeyedChange<string>[]): void {
    if (reader.known === null) this.faults.push('changes without a list');
    for (const { key, value, version } of changes) {
      if (version <= reader.version) continue;
      if (value === null) reader.known?.delete(key);
      else reader.known?.set(key, value);
    }
  }

  #serve(what: 'ask' | 'admit' | 'lag', reader: Reader | undefined): void {
    if (reader === undefined) return;
    if (what === 'lag') reader.isLive = false;
    else if (what === 'ask' && !reader.isLive)
      reader.asked ??= { wanted: this.view.wanted, snapshot: this.#snapshot() };
    else if (what === 'admit' && reader.asked !== undefined) this.#admit(reader, reader.asked);
  }

  #admit(reader: Reader, { wanted, snapshot }: NonNullable<Reader['asked']>): void {
    reader.asked = undefined;
    const isAlone = this.#readers.every(({ isLive }) => !isLive);
    const admission = this.view.admit(snapshot, isAlone);
    if (admission === 'count') count(reader, snapshot);
    else if (admission === 'list' && wanted === 'list') list(reader, snapshot);
  }

  /** Answers all requests until nothing is due and every subscriber is live. */
  settle(): void {
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      for (const step of ['begin', 'read', 'answer', 'read', 'answer'] as const) this.run({ do: step });
      for (const who of this.#readers.keys()) {
        this.run({ do: 'ask', who });
        this.run({ do: 'admit', who });
      }
      const wait = this.view.due(this.#now);
      if (wait === undefined && this.#announcing === undefined && this.#readers.every(({ isLive }) => isLive)) return;
      this.#now += wait ?? 0;
    }
    this.faults.push('the view does not settle');
  }

  /** Differences between the subscribers and the log. */
  differences(): string[] {
    const { total, values } = this.#snapshot();
    return this.#readers.flatMap(({ known, total: count }) => {
      const actual = known === null ? count : JSON.stringify([...known].sort());
      const expected = known === null ? total : JSON.stringify([...values].sort());
      return actual === expected ? [] : [`${actual} instead of ${expected}`];
    });
  }
}

function list(reader: Reader, { values, version }: Snapshot): void {
  reader.known = new Map(values);
  reader.version = version;
  reader.isLive = true;
}

function count(reader: Reader, { total }: Snapshot): void {
  reader.known = null;
  reader.total = total;
  reader.isLive = true;
}
