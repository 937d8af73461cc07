interface Entry {
  /** When it is due, in milliseconds since the Unix epoch; `undefined`: no node has accepted it. */
  at?: number;
  /** `asked`: it may have been withdrawn. */
  withdrawal?: 'asked' | 'done' | 'refused';
}

/** A withdrawal this short before a message is due may come too late, in milliseconds. */
const CLOSE = 500;

/** Everything that was scheduled. Each message must be published once, unless it was withdrawn. */
export class ScheduleLedger {
  readonly #now: () => number;
  readonly #keeps: boolean;
  readonly #entries = new Map<number, Entry>();

  /**
   * @param now milliseconds since the Unix epoch
   * @param keeps does the engine keep everything that it acknowledged?
   */
  constructor({ now, keeps }: { now: () => number; keeps: boolean }) {
    this.#now = now;
    this.#keeps = keeps;
  }

  /** A message is offered to the gateways. */
  scheduling(n: number): void {
    this.#entries.set(n, {});
  }

  /** A node has accepted it. */
  accepted(n: number, at: number): void {
    this.#of(n).at = at;
  }

  /** It may be withdrawn from now on. */
  withdrawing(n: number): void {
    this.#of(n).withdrawal = 'asked';
  }

  /** The answer. If it comes when the message is nearly due, the message may be published all the same. */
  withdrawn(n: number, isDone: boolean): void {
    const entry = this.#of(n);
    if (!isDone) entry.withdrawal = 'refused';
    else if (this.#now() < (entry.at ?? 0) - CLOSE) entry.withdrawal = 'done';
  }

  #of(n: number): Entry {
    const entry = this.#entries.get(n);
    if (entry === undefined) throw new Error(`${n} was never scheduled`);
    return entry;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Messages that must be published. */
  get owed(): readonly number[] {
    if (!this.#keeps) return [];
    return [...this.#entries].flatMap(([n, { at, withdrawal }]) =>
      at !== undefined && (withdrawal === undefined || withdrawal === 'refused') ? [n] : [],
    );
  }

  /** When the last message is due. */
  get end(): number {
    return Math.max(0, ...[...this.#entries.values()].map(({ at = 0 }) => at));
  }

  /** Compares with what was published, in the order of the log. */
  verdict(published: readonly { readonly n: number; readonly time: number }[]): string[] {
    const seen = new Map<number, number>();
    for (const { n } of published) seen.set(n, (seen.get(n) ?? 0) + 1);
    return [
      ...this.owed.filter((n) => !seen.has(n)).map((n) => `scheduled message ${n} was not published`),
      ...[...seen]
        .filter(([, count]) => count > 1)
        .map(([n, count]) => `scheduled message ${n} was published ${count} times`),
      ...published.flatMap(({ n, time }) => this.#judge(n, time)),
    ];
  }

  #judge(n: number, time: number): string[] {
    const entry = this.#entries.get(n);
    if (entry === undefined) return [`message ${n} was published, but never scheduled`];
    if (entry.withdrawal === 'done') return [`scheduled message ${n} was published although it had been withdrawn`];
    const early = (entry.at ?? 0) - time;
    return early > 0 ? [`scheduled message ${n} was published ${early} ms before it was due`] : [];
  }
}
