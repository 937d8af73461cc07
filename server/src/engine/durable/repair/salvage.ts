import { nanoid } from 'nanoid';
import type { About } from '../batch.ts';
import {
  ABOUT,
  type ChannelRecord,
  decodeKey,
  encodeChannel,
  encodeKey,
  expiryKey,
  messageKey,
  offsetOf,
  rangeOf,
  timeOf,
} from '../records.ts';
import type { Row, Store, Table } from '../store.ts';
import { expectedOf } from './check.ts';
import { Loader } from './loader.ts';
import type { FoundRow } from './rows.ts';
import type { Survey } from './survey.ts';

/** Rows that are read at once. */
const ROWS = 500;

/** Milliseconds for which messages are kept if their rule is unknown. */
const UNTIL_SAID = 10 * 365 * 24 * 3_600_000;
const NOTHING = { first: 1, head: 0 };

/** What was copied and what was lost. */
export interface Salvaged {
  channels: number;
  messages: number;
  revocations: number;
  /** Messages of channels that were copied. */
  lostMessages: number;
  /** Channels whose record, which has the name, is lost: their messages are in `salvaged:1`, and so on. */
  namelessChannels: number;
  /** Entries of the list of channels that could not be read. */
  lostChannels: number;
}

/**
 * Copies everything readable of a store into a new one.
 *
 * Without checksums it is not provable which channels of a damaged store are complete. So all of
 * them begin a new epoch, and subscribers receive a gap. Messages after missing ones move up,
 * because a log has no holes.
 */
export class Salvage {
  readonly #survey: Survey;
  readonly #store: Store;
  readonly #loader: Loader;
  readonly #channels = new Map<string, ChannelRecord>();
  readonly #done: Salvaged = {
    channels: 0,
    messages: 0,
    revocations: 0,
    lostMessages: 0,
    namelessChannels: 0,
    lostChannels: 0,
  };
  #about: Partial<About> = {};
  /** Numbers of the revocations that were copied; they may be found several times. */
  readonly #revocations = new Set<number>();

  constructor(survey: Survey, target: Store) {
    this.#survey = survey;
    this.#store = target;
    this.#loader = new Loader(target);
  }

  async run(): Promise<Salvaged> {
    this.#findChannels();
    // The new store sorts the rows. Rows that tables refer to come last, and replace older ones.
    if (!this.#survey.isWhole) await this.#copy(this.#survey.orphans());
    await this.#copy(this.#survey.rows());
    await this.#loader.flush();
    for (const [name, record] of this.#channels) await this.#settle(name, record);
    this.#done.revocations = this.#revocations.size;
    await this.#writeAbout();
    await this.#loader.flush();
    return this.#done;
  }

  /** Rows that the table refers to are valid; of unreferenced rows, the latest is. */
  #findChannels(): void {
    for (const { row } of this.#survey.rows()) if (row.kind === 'channel') this.#channels.set(row.name, row.record);
    const known = new Set(this.#channels.keys());
    const orphans = this.#survey.isWhole ? [] : this.#survey.orphans();
    for (const { row } of orphans) {
      if (row.kind !== 'channel' || known.has(row.name)) continue;
      const before = this.#channels.get(row.name);
      if (before === undefined || before.head < row.record.head) this.#channels.set(row.name, row.record);
    }
    if (!this.#survey.isWhole) this.#nameOthers();
    this.#done.channels = this.#channels.size;
    this.#done.lostChannels = Math.max(0, this.#survey.entriesOf('channels') - this.#channels.size);
  }

  /** Messages of an unknown channel get a generated channel name. */
  #nameOthers(): void {
    const ids = new Set([...this.#channels.values()].map(({ id }) => id));
    const others = new Map<number, ChannelRecord>();
    for (const rows of [this.#survey.orphans(), this.#survey.rows()]) {
      for (const { row, value } of rows) {
        if (row.kind !== 'message' || ids.has(row.channel)) continue;
        others.set(row.channel, withMessage(others.get(row.channel), { ...row, time: timeOf(value) }));
      }
    }
    for (const [id, record] of others) this.#channels.set(`salvaged:${id}`, record);
    this.#done.namelessChannels = others.size;
  }

  async #copy(rows: Iterable<FoundRow>): Promise<void> {
    const ids = new Map([...this.#channels.values()].map((record) => [record.id, record]));
    for (const found of rows) {
      const { row } = found;
      if (row.kind === 'about') this.#about = row.about;
      else if (row.kind === 'revocation') await this.#copyRevocation(found, row.number);
      else if (row.kind === 'message') {
        const { first, head } = ids.get(row.channel) ?? NOTHING;
        if (row.offset >= first && row.offset <= head) await this.#put('messages', found);
      } else if (row.kind === 'key' && ids.has(row.channel)) await this.#put('keys', found);
      else if (row.kind === 'group' && ids.has(row.channel)) await this.#put('groups', found);
    }
  }

  async #put(table: Table, { key, value }: FoundRow): Promise<void> {
    await this.#loader.put({ table, key: Buffer.from(key), value: Buffer.from(value) });
  }

  async #copyRevocation(found: FoundRow, number: number): Promise<void> {
    this.#revocations.add(number);
    await this.#put('revocations', found);
  }

  /** Closes the holes of a channel's log, and writes its record. */
  async #settle(name: string, record: ChannelRecord): Promise<void> {
    const moved = new Map<number, number>();
    const first = await this.#closeUp(record, moved);
    const count = moved.size;
    const lost = Math.max(0, expectedOf(record) - count);
    this.#done.messages += count;
    this.#done.lostMessages += lost;
    const isEmpty = count === 0;
    const head = lost === 0 || isEmpty ? record.head : first + count - 1;
    const kept = isEmpty ? head + 1 : first;
    const settled: ChannelRecord = { ...record, head, first: kept, kept };
    await this.#settleKeys(record, lost > 0 ? moved : undefined);
    await this.#loader.put({ table: 'channels', key: Buffer.from(name), value: encodeChannel(settled) });
  }

  /** Moves messages up behind missing ones. Returns the first offset; `moved` holds all new offsets by old offset. */
  async #closeUp({ id, first }: ChannelRecord, moved: Map<number, number>): Promise<number> {
    let start: number | undefined;
    for await (const { key, value } of this.#rowsOf('messages', id)) {
      const offset = offsetOf(key);
      start ??= offset;
      const next = start + moved.size;
      moved.set(offset, next);
      if (next === offset) continue;
      await this.#loader.put(
        { table: 'messages', key: messageKey(id, next), value },
        { table: 'messages', key, value: null },
      );
    }
    return start ?? first;
  }

  /** A key whose message was lost is forgotten: who repeats the publish brings the message back. */
  async #settleKeys(
    { id, first, retention }: ChannelRecord,
    moved: ReadonlyMap<number, number> | undefined,
  ): Promise<void> {
    for await (const { key, value } of this.#rowsOf('keys', id)) {
      const remembered = decodeKey(value);
      const { offset } = remembered;
      const now = moved === undefined || retention === null || offset < first ? offset : moved.get(offset);
      if (now === undefined) await this.#loader.put({ table: 'keys', key, value: null });
      else {
        await this.#loader.put(
          { table: 'keys', key, value: encodeKey({ ...remembered, offset: now }) },
          { table: 'expiries', key: expiryKey(remembered.until, key), value: Buffer.alloc(0) },
        );
      }
    }
  }

  /** The rows of a channel as of the call, in portions; later writes are not included. */
  async *#rowsOf(table: Table, channel: number): AsyncIterable<Row> {
    let { start, end } = rangeOf(channel);
    for (;;) {
      const rows = Array.from(this.#store.rows(table, { start, end, limit: ROWS }), ({ key, value }) => ({
        key: Buffer.from(key),
        value: Buffer.from(value),
      }));
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined || rows.length < ROWS) return;
      start = Buffer.concat([last.key, Buffer.from([0])]);
    }
  }

  async #writeAbout(): Promise<void> {
    const records = [...this.#channels.values()];
    const atLeast = (known: number | undefined, numbers: number[]) =>
      numbers.reduce((most, number) => Math.max(most, number + 1), known ?? 1);
    const { life, generation, nextChannel, nextRevocation } = this.#about;
    const about: About = {
      life: this.#survey.isWhole && life !== undefined ? life : nanoid(10),
      generation: atLeast(generation, this.#survey.isWhole ? [] : records.map((record) => record.generation)),
      nextChannel: atLeast(
        nextChannel,
        records.map(({ id }) => id),
      ),
      nextRevocation: atLeast(nextRevocation, [...this.#revocations]),
    };
    await this.#loader.put({ table: 'about', key: ABOUT, value: Buffer.from(JSON.stringify(about)) });
  }
}

/** The record of a channel of which only messages are known, with one more. */
function withMessage(
  known: ChannelRecord | undefined,
  message: { channel: number; offset: number; time: number },
): ChannelRecord {
  const first = Math.min(known?.first ?? message.offset, message.offset);
  const head = Math.max(known?.head ?? 0, message.offset);
  return {
    ...{ id: message.channel, generation: 1, head, first, kept: first, keysUntil: 0, purged: 0 },
    lastTime: Math.max(known?.lastTime ?? 0, message.time),
    retention: { count: head - first + 1, age: UNTIL_SAID },
  };
}
