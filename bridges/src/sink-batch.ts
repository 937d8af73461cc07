import type { Outbound, OutboundBatch, OutboundGap } from '@sluice/server/bridging';
import { type EnvelopeOptions, routeOf, wrapDeadLetter, wrapGap, wrapMessage } from './envelope.ts';
import type { Route, SinkRecord } from './sink.ts';

/** Why the broker will never accept a record. */
export interface RefusedRecord {
  readonly reason: 'too_large' | 'unroutable';
  /** For an operator. */
  readonly detail: string;
}

export interface SinkBatchOptions extends EnvelopeOptions {
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  /** Records that the broker has refused for good, by id. */
  readonly refused: ReadonlyMap<string, RefusedRecord>;
  /** Ids of records that it has confirmed, which are not sent again. */
  readonly confirmed: ReadonlySet<string>;
  /** Where a gap goes that no message follows. */
  readonly route: Route;
}

/** A gap or a message of a batch, as the broker gets it. */
interface Entry {
  readonly record: SinkRecord;
  /** Offset of the message; `undefined`: it is a gap. */
  readonly offset: number | undefined;
  /** Does it stand for messages? */
  readonly isNotice: boolean;
  /** Has the broker confirmed it, or is it left out? */
  isDone: boolean;
}

interface FoundBatch extends OutboundBatch {
  /** See `SinkBatch`. */
  readonly found?: number;
}

/** A batch on its way to the broker, and what became of its records. */
export class SinkBatch {
  /** By offset: messages that the broker will never accept. */
  readonly #dead = new Map<number, RefusedRecord>();
  readonly gaps: OutboundBatch['gaps'];
  /** The number of gaps that the bridge has found itself. */
  readonly found: number;
  readonly #options: SinkBatchOptions;
  readonly #entries: readonly Entry[];
  /** Those that are sent. */
  readonly #sent: readonly Entry[];

  constructor({ gaps, messages, found = 0 }: FoundBatch, options: SinkBatchOptions) {
    this.gaps = gaps;
    this.found = found;
    this.#options = options;
    const [next] = messages;
    const route = next === undefined ? options.route : routeOf(next.message);
    const records = gaps.map((gap) => wrapGap(gap, { time: options.now, route }, options));
    this.#entries = [
      ...records.map((record) => this.#entry(record, { offset: undefined, isNotice: true })),
      ...messages.map((outbound) => this.#entryOf(outbound)),
    ];
    this.#sent = this.#entries.filter(({ isDone }) => !isDone);
  }

  #entryOf(outbound: Outbound): Entry {
    const { epoch, message } = outbound;
    const { offset } = message;
    const record = wrapMessage(epoch, message, this.#options);
    const refused = this.#options.refused.get(record.id);
    if (refused === undefined) return this.#entry(record, { offset, isNotice: false });
    const { reason, detail } = refused;
    this.#dead.set(offset, refused);
    // Its record would have no route either.
    if (reason === 'unroutable') return this.#entry(record, { offset, isNotice: false });
    const letter = wrapDeadLetter(outbound, { size: record.body.length, detail }, this.#options);
    return this.#entry(letter, { offset, isNotice: true });
  }

  /** A broker may accept not even the record that stands for a message. */
  #entry(record: SinkRecord, of: Pick<Entry, 'offset' | 'isNotice'>): Entry {
    const { refused, confirmed } = this.#options;
    return { record, ...of, isDone: refused.has(record.id) || confirmed.has(record.id) };
  }

  /** What to send. */
  get records(): readonly SinkRecord[] {
    return this.#sent.map(({ record }) => record);
  }

  /** Of the bodies. */
  get bytes(): number {
    return this.#sent.reduce((size, { record }) => size + record.body.length, 0);
  }

  /** The number of its gaps and messages. */
  get length(): number {
    return this.#entries.length;
  }

  /** How many of the first entries are messages. An entry is a gap or a message. */
  messages(first: number): number {
    return Math.max(0, first - this.gaps.length);
  }

  /** How many of the first gaps and messages the broker has, or will never have. */
  get done(): number {
    const open = this.#entries.findIndex(({ isDone }) => !isDone);
    return open === -1 ? this.length : open;
  }

  /** Ids of those of the first entries that the broker has, or will never have. */
  ids(first: number): readonly string[] {
    const { bridge } = this.#options;
    return this.#entries
      .slice(0, first)
      .flatMap(({ record: { id, epoch }, offset }) => [
        ...[id, ...(offset === undefined ? [] : [`${bridge.from.channel}/${epoch}/${offset}`])],
      ]);
  }

  /** Where the last message of the first entries goes; `undefined`: there is none. */
  route(first: number): Route | undefined {
    const last = this.#entries.slice(0, first).findLast(({ offset }) => offset !== undefined);
    return last === undefined ? undefined : (last.record.route ?? last.record);
  }

  /** Where the last of the first entries ends; `undefined`: there is none. */
  position(first: number): OutboundGap['to'] | undefined {
    const last = this.#entries[first - 1];
    return last && { epoch: last.record.epoch, offset: last.record.offset };
  }

  /** The broker has confirmed one of the records. Returns its id. */
  confirm(at: number): string {
    const entry = this.#sent[at];
    if (entry === undefined) throw new Error(`no record ${at} was sent`);
    entry.isDone = true;
    return entry.record.id;
  }

  /** Does this record stand for messages? */
  isNotice(id: string): boolean {
    return this.#sent.some(({ record, isNotice }) => record.id === id && isNotice);
  }

  /** The bridge goes on without a record that the broker will never accept. */
  leaveOut(id: string, refused: RefusedRecord): void {
    const entry = this.#sent.find(({ record }) => record.id === id);
    if (entry === undefined) return;
    entry.isDone = true;
    if (entry.offset !== undefined && !entry.isNotice) this.#dead.set(entry.offset, refused);
  }

  /** Those of the first entries that the broker will never accept, by offset. */
  dead(first: number): ReadonlyMap<number, RefusedRecord> {
    if (this.#dead.size === 0) return this.#dead;
    const offsets = new Set(this.#entries.slice(0, first).map(({ offset }) => offset));
    return new Map([...this.#dead].filter(([offset]) => offsets.has(offset)));
  }
}
