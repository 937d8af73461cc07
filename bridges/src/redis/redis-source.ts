import type { InboundBridge } from '@sluice/server/bridging';
import type { Redis } from 'ioredis';
import { listOption, textOption } from '../options.ts';
import type { OpenSource, Source, SourceRecord } from '../source.ts';
import { GroupProgress } from './group-progress.ts';
import { connectRedis, type RedisClass } from './redis-connection.ts';

/** Milliseconds that a read waits. */
const BLOCK = 5_000;
/** Digits of each part of an id: those of a 64-bit number. */
const DIGITS = 20;

/** Names and values in turn, as bytes: a body may be binary. */
type Fields = readonly Buffer[];
type Reply = readonly (readonly [stream: Buffer, entries: readonly (readonly [id: Buffer, fields: Fields])[]])[] | null;

/** Reads streams, and keeps in a consumer group how far. */
export class RedisSource implements Source {
  readonly #Client: RedisClass;
  readonly #config: InboundBridge;

  constructor(Client: RedisClass, config: InboundBridge) {
    this.#Client = Client;
    this.#config = config;
  }

  async open(): Promise<OpenSource> {
    const redis = await connectRedis(this.#Client, this.#config.connection);
    try {
      const source = new OpenRedisSource(redis, this.#config);
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
  readonly #progress: GroupProgress;
  readonly #start: string;
  readonly #body: string;
  /** The streams, and the entry behind which to read each. */
  readonly #after: Map<string, string>;
  /** On its way while the entries before it are published. */
  #next: Promise<Reply> | undefined;

  constructor(redis: Redis, { from }: InboundBridge) {
    this.#redis = redis;
    this.#progress = new GroupProgress(redis, textOption(from, 'group'));
    this.#start = textOption(from, 'start') === 'oldest' ? '0' : '$';
    this.#body = textOption(from, 'body');
    this.#after = new Map(listOption(from, 'streams').map((stream) => [stream, this.#start]));
  }

  async start(): Promise<void> {
    for (const stream of this.#after.keys()) this.#after.set(stream, await this.#progress.open(stream, this.#start));
  }

  async read(most: number): Promise<readonly SourceRecord[]> {
    const count = Math.max(1, Math.floor(most / this.#after.size));
    const reply = (await this.#takeNext()) ?? (await this.#readBehind(count, BLOCK));
    // It does not wait for entries: an acknowledgement would have to wait, too.
    if (isFull(reply, count)) this.#readAhead(count);
    return this.#recordsOf(reply);
  }

  #takeNext(): Promise<Reply> {
    const next = this.#next ?? Promise.resolve(null);
    this.#next = undefined;
    return next;
  }

  #readAhead(count: number): void {
    this.#next = this.#readBehind(count);
    this.#next.catch(() => {}); // the next `read` reports it
  }

  /** @param block milliseconds to wait for entries; absent: returns what is there */
  async #readBehind(count: number, block?: number): Promise<Reply> {
    const from = [...this.#after.keys(), ...this.#after.values()];
    const reply = (await (block === undefined
      ? this.#redis.xreadBuffer('COUNT', count, 'STREAMS', ...from)
      : this.#redis.xreadBuffer('COUNT', count, 'BLOCK', block, 'STREAMS', ...from))) as Reply;
    for (const [stream, entries] of reply ?? []) {
      const last = entries.at(-1)?.[0];
      if (last !== undefined) this.#after.set(stream.toString(), last.toString());
    }
    return reply;
  }

  #recordsOf(reply: Reply): readonly SourceRecord[] {
    return (reply ?? []).flatMap(([stream, entries]) =>
      entries.map(([id, fields]) => this.#recordOf(stream.toString(), id.toString(), fields)),
    );
  }

  #recordOf(stream: string, id: string, fields: readonly Buffer[]): SourceRecord {
    const headers: Record<string, string> = {};
    let body: Uint8Array = new Uint8Array();
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const [name = '', value = body] = [fields[at]?.toString(), fields[at + 1]];
      if (name === this.#body) body = value;
      else headers[name] = Buffer.from(value).toString();
    }
    const { key, ...rest } = headers;
    return {
      once: { partition: stream, position: positionOf(id) },
      place: id,
      ...{ topic: stream, subject: stream, key, headers: rest, body },
    };
  }

  async acknowledge(records: readonly SourceRecord[]): Promise<void> {
    const last = new Map<string, string>();
    for (const { topic, once } of records) if (!('id' in once)) last.set(topic, idOf(once.position));
    for (const [stream, id] of last) await this.#progress.commit(stream, id);
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
  }
}

/** Did a stream have as many entries as were asked for? Then it may have more. */
const isFull = (reply: Reply, count: number): boolean => (reply ?? []).some(([, entries]) => entries.length === count);

/** `1700000000000-3` as digits that sort like ids. */
function positionOf(id: string): string {
  const [time = '0', sequence = '0'] = id.split('-');
  return `${BigInt(time)}${sequence.padStart(DIGITS, '0')}`;
}

const idOf = (position: string): string => `${position.slice(0, -DIGITS)}-${BigInt(position.slice(-DIGITS))}`;
