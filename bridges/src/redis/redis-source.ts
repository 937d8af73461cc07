import type { InboundBridge } from '@sluice/server/bridging';
import type { Redis } from 'ioredis';
import { listOption, textOption } from '../options.ts';
import type { OpenSource, Source, SourceRecord } from '../source.ts';
import { connectRedis, type RedisClass } from './redis-connection.ts';

/** Milliseconds that a read waits. */
const BLOCK = 5_000;
/** There is one reader, on the node that holds the bridge's lease; its pending entries outlive it. */
const CONSUMER = 'sluice';
/** Digits of each part of an id: those of a 64-bit number. */
const DIGITS = 20;

/** Names and values in turn, as bytes: a body may be binary. */
type Fields = readonly Buffer[] | null;
type Reply = readonly (readonly [stream: Buffer, entries: readonly (readonly [id: Buffer, fields: Fields])[]])[] | null;

/** Reads streams with a consumer group. */
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
      await source.createGroups();
      return source;
    } catch (error) {
      redis.disconnect();
      throw error;
    }
  }
}

class OpenRedisSource implements OpenSource {
  readonly #redis: Redis;
  readonly #streams: readonly string[];
  readonly #group: string;
  readonly #body: string;
  readonly #start: string;
  /** Where to go on among entries that were delivered and not acknowledged; absent: all were read. */
  readonly #pending: Map<string, string>;
  /** On its way while the entries before it are published. */
  #next: Promise<Reply> | undefined;

  constructor(redis: Redis, { from }: InboundBridge) {
    this.#redis = redis;
    this.#streams = listOption(from, 'streams');
    this.#group = textOption(from, 'group');
    this.#body = textOption(from, 'body');
    this.#start = textOption(from, 'start') === 'oldest' ? '0' : '$';
    this.#pending = new Map(this.#streams.map((stream) => [stream, '0']));
  }

  async createGroups(): Promise<void> {
    for (const stream of this.#streams) {
      try {
        await this.#redis.xgroup('CREATE', stream, this.#group, this.#start, 'MKSTREAM');
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('BUSYGROUP'))) throw error;
      }
    }
  }

  async read(most: number): Promise<readonly SourceRecord[]> {
    const unread = await this.#readPending(most);
    if (unread.length > 0) return unread;
    const count = Math.max(1, Math.floor(most / this.#streams.length));
    const reply = (await this.#takeNext()) ?? (await this.#readNew(count, BLOCK));
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
    this.#next = this.#readNew(count);
    this.#next.catch(() => {}); // the next `read` reports it
  }

  /** @param block milliseconds to wait for entries; absent: returns what is there */
  async #readNew(count: number, block?: number): Promise<Reply> {
    const from = [...this.#streams, ...this.#streams.map(() => '>')];
    const group = ['GROUP', this.#group, CONSUMER, 'COUNT', count] as const;
    return (await (block === undefined
      ? this.#redis.xreadgroupBuffer(...group, 'STREAMS', ...from)
      : this.#redis.xreadgroupBuffer(...group, 'BLOCK', block, 'STREAMS', ...from))) as Reply;
  }

  /** What an earlier connection has read and not acknowledged comes first. */
  async #readPending(most: number): Promise<readonly SourceRecord[]> {
    for (const [stream, after] of this.#pending) {
      const reply = (await this.#redis.xreadgroupBuffer(
        ...(['GROUP', this.#group, CONSUMER, 'COUNT', most, 'STREAMS', stream, after] as const),
      )) as Reply;
      const entries = reply?.[0]?.[1] ?? [];
      const last = entries.at(-1)?.[0].toString();
      if (last === undefined) this.#pending.delete(stream);
      else this.#pending.set(stream, last);
      // An entry that was deleted meanwhile has no fields.
      const deleted = entries.filter(([, fields]) => fields === null).map(([id]) => id.toString());
      if (deleted.length > 0) await this.#redis.xack(stream, this.#group, ...deleted);
      const records = this.#recordsOf(reply);
      if (records.length > 0) return records;
    }
    return [];
  }

  #recordsOf(reply: Reply): readonly SourceRecord[] {
    return (reply ?? []).flatMap(([stream, entries]) =>
      entries.flatMap(([id, fields]) =>
        fields === null ? [] : [this.#recordOf(stream.toString(), id.toString(), fields)],
      ),
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
    const ids = new Map<string, string[]>();
    for (const { topic, once } of records) {
      if ('id' in once) continue;
      ids.set(topic, [...(ids.get(topic) ?? []), idOf(once.position)]);
    }
    for (const [stream, acknowledged] of ids) await this.#redis.xack(stream, this.#group, ...acknowledged);
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
