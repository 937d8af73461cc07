import type { Clock, InboundBridge } from '@sluice/server/bridging';
import type { Redis } from 'ioredis';
import { listOption, textOption } from '../options.ts';
import { ReadSize } from '../read-size.ts';
import type { OpenSource, Source, SourceRecord } from '../source.ts';
import type { SourceHost } from '../systems.ts';
import { GroupProgress } from './group-progress.ts';
import { connectRedis, type RedisClass } from './redis-connection.ts';
import { recordOf } from './redis-record.ts';

/** Milliseconds that a read waits. */
const BLOCK = 5_000;
/** Digits of each part of an id: those of a 64-bit number. */
const DIGITS = 20;

/** Names and values in turn, as bytes: a body may be binary. */
type Fields = readonly Buffer[];
type Reply = readonly (readonly [stream: Buffer, entries: readonly (readonly [id: Buffer, fields: Fields])[]])[] | null;

/** What a read has brought, and whether a stream may have more. */
interface Entries {
  readonly reply: Reply;
  readonly isFull: boolean;
}

const sizeOf = (fields: Fields): number => fields.reduce((size, field) => size + field.length, 0);

/** Reads streams, and keeps in a consumer group how far. */
export class RedisSource implements Source {
  readonly #Client: RedisClass;
  readonly #config: InboundBridge;
  readonly #host: SourceHost;

  constructor(Client: RedisClass, config: InboundBridge, host: SourceHost) {
    this.#Client = Client;
    this.#config = config;
    this.#host = host;
  }

  async open(): Promise<OpenSource> {
    const redis = await connectRedis(this.#Client, this.#config.connection);
    try {
      const source = new OpenRedisSource(redis, this.#config, this.#host);
      await source.start();
      return source;
    } catch (error) {
      redis.disconnect();
      throw error;
    }
  }
}

class OpenRedisSource implements OpenSource {
  readonly #redis: Redis;
  readonly #clock: Clock;
  readonly #progress: GroupProgress;
  readonly #start: string;
  readonly #body: string;
  /** The streams, and the entry behind which to read each. */
  readonly #after: Map<string, string>;
  /** On its way while the entries before it are published. */
  #next: Promise<Entries> | undefined;
  /** Of all streams together. */
  readonly #size: ReadSize;
  /** When it looks again for entries that were removed before they were read. */
  #checkAt = 0;

  constructor(redis: Redis, { from, inFlight }: InboundBridge, host: SourceHost) {
    this.#redis = redis;
    this.#clock = host.clock;
    const lost = `${listOption(from, 'streams').join(', ')}: removed before they were read`;
    const onLost = (count: number) => host.count('lost', count, lost);
    this.#progress = new GroupProgress(redis, textOption(from, 'group'), { checkpoints: host.checkpoints, onLost });
    this.#start = textOption(from, 'start') === 'oldest' ? '0' : '$';
    this.#body = textOption(from, 'body');
    this.#after = new Map(listOption(from, 'streams').map((stream) => [stream, this.#start]));
    this.#size = new ReadSize(inFlight);
  }

  async start(): Promise<void> {
    for (const stream of this.#after.keys()) this.#after.set(stream, await this.#progress.open(stream, this.#start));
  }

  async read(): Promise<readonly SourceRecord[]> {
    const { reply, isFull } = (await this.#takeNext()) ?? (await this.#readBehind(BLOCK));
    // It does not wait for entries: an acknowledgement would have to wait, too.
    if (isFull) this.#readAhead();
    if (reply === null || this.#clock.monotonic() >= this.#checkAt) await this.#check();
    return this.#recordsOf(reply);
  }

  async #check(): Promise<void> {
    this.#checkAt = this.#clock.monotonic() + BLOCK;
    for (const stream of this.#after.keys()) {
      await this.#progress.counts.check(stream, () => this.#after.get(stream) ?? '');
    }
  }

  async #takeNext(): Promise<Entries | undefined> {
    const next = await this.#next;
    this.#next = undefined;
    return next?.reply == null ? undefined : next;
  }

  #readAhead(): void {
    this.#next = this.#readBehind();
    this.#next.catch(() => {}); // the next `read` reports it
  }

  /** @param block milliseconds to wait for entries; absent: returns what is there */
  async #readBehind(block?: number): Promise<Entries> {
    const count = Math.max(1, Math.floor(this.#size.next / this.#after.size));
    const from = [...this.#after.keys(), ...this.#after.values()];
    const reply = (await (block === undefined
      ? this.#redis.xreadBuffer('COUNT', count, 'STREAMS', ...from)
      : this.#redis.xreadBuffer('COUNT', count, 'BLOCK', block, 'STREAMS', ...from))) as Reply;
    this.#size.learn((reply ?? []).flatMap(([, entries]) => entries.map(([, fields]) => sizeOf(fields))));
    for (const [stream, entries] of reply ?? []) {
      const last = entries.at(-1)?.[0];
      if (last !== undefined) this.#after.set(stream.toString(), last.toString());
      this.#progress.counts.read(stream.toString(), entries.length);
    }
    // A stream that has as many entries as were asked for may have more.
    return { reply, isFull: (reply ?? []).some(([, entries]) => entries.length === count) };
  }

  #recordsOf(reply: Reply): readonly SourceRecord[] {
    return (reply ?? []).flatMap(([stream, entries]) =>
      entries.map(([id, fields]) => this.#recordOf(stream.toString(), id.toString(), fields)),
    );
  }

  #recordOf(stream: string, id: string, fields: readonly Buffer[]): SourceRecord {
    return {
      once: { partition: stream, position: positionOf(id) },
      place: id,
      ...recordOf(stream, fields, this.#body),
    };
  }

  async acknowledge(records: readonly SourceRecord[]): Promise<void> {
    const last = new Map<string, { readonly id: string; readonly count: number }>();
    for (const { topic, once } of records) {
      if (!('id' in once)) last.set(topic, { id: idOf(once.position), count: (last.get(topic)?.count ?? 0) + 1 });
    }
    for (const [stream, { id, count }] of last) await this.#progress.commit(stream, id, count);
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
  }
}

/** `1700000000000-3` as digits that sort like ids. */
function positionOf(id: string): string {
  const [time = '0', sequence = '0'] = id.split('-');
  return `${BigInt(time)}${sequence.padStart(DIGITS, '0')}`;
}

const idOf = (position: string): string => `${position.slice(0, -DIGITS)}-${BigInt(position.slice(-DIGITS))}`;
