import { createHash } from 'node:crypto';
import type { OutboundBridge } from '@sluice/server/bridging';
import type { Redis } from 'ioredis';
import { textOption } from '../options.ts';
import { inParts } from '../parts.ts';
import type { OnConfirmed, OpenSink, Sink, SinkRecord } from '../sink.ts';
import { connectRedis, type RedisClass } from './redis-connection.ts';

/** Records of one script: few enough not to hold up the server. */
const MOST = 64;
/** Bytes of one script. */
const LARGEST = 1_048_576;

/** Entries that are searched for repeats: at least, and of a new connection at least for each message in flight. */
const SEARCHED = 100;
const SEARCHED_PER_MESSAGE = 2;

/**
 * Appends records that are not among the latest entries of the stream, to which other programs may
 * append too. It reads them in pieces, and at most some megabytes.
 *
 * KEYS: the stream. ARGV: maximum length (0: none), how many entries to search, then for each record
 * its id, the number of its fields, and fields and values in turn. An error stops the script: what
 * comes after is not appended, so that no record is skipped.
 */
const APPEND = `
local most, left, at = tonumber(ARGV[1]), tonumber(ARGV[2]), 3
local has, last, bytes = {}, '+', 0
while left > 0 and bytes < 33554432 do
  local entries = redis.call('XREVRANGE', KEYS[1], last, '-', 'COUNT', math.min(left, 32) + 1)
  for _, entry in ipairs(entries) do
    for field = 1, #entry[2], 2 do
      local value = entry[2][field + 1]
      bytes = bytes + #value
      if entry[2][field] == 'sluice-id' then has[value] = true end
    end
  end
  if #entries < 2 then break end
  last, left = entries[#entries][1], left - #entries + 1
end
local added = 0
while ARGV[at] do
  local id, fields = ARGV[at], tonumber(ARGV[at + 1])
  if not has[id] then
    local limit = most > 0 and {'MAXLEN', '~', most} or {}
    local command = {'XADD', KEYS[1], unpack(limit)}
    command[#command + 1] = '*'
    for field = at + 2, at + 1 + fields do command[#command + 1] = ARGV[field] end
    redis.call(unpack(command))
    has[id], added = true, added + 1
  end
  at = at + 2 + fields
end
return added`;

const SHA = createHash('sha1').update(APPEND).digest('hex');

/** Appends to a stream. */
export class RedisSink implements Sink {
  readonly attributePrefix = 'ce_';
  readonly #Client: RedisClass;
  readonly #config: OutboundBridge;

  constructor(Client: RedisClass, config: OutboundBridge) {
    this.#Client = Client;
    this.#config = config;
  }

  async open(): Promise<OpenSink> {
    return new OpenRedisSink(await connectRedis(this.#Client, this.#config.connection), this.#config);
  }
}

class OpenRedisSink implements OpenSink {
  readonly #redis: Redis;
  readonly #stream: string;
  readonly #body: string;
  readonly #most: number;
  readonly #inFlight: number;
  /** Records that this connection has appended, or found. */
  #sent = 0;
  readonly #lost = new AbortController();

  constructor(redis: Redis, { inFlight, to }: OutboundBridge) {
    this.#redis = redis;
    this.#stream = textOption(to, 'stream');
    this.#body = textOption(to, 'body');
    this.#inFlight = inFlight;
    this.#most = typeof to.maxLength === 'number' ? to.maxLength : 0;
    let failure = new Error('the connection was closed');
    redis.on('error', (error: Error) => {
      failure = error;
    });
    redis.on('close', () => this.#lost.abort(failure));
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async send(records: readonly SinkRecord[], confirmed: OnConfirmed = () => {}): Promise<void> {
    await inParts(records, { limits: { most: MOST, largest: LARGEST }, confirmed }, async (part) => {
      await this.#run([this.#most, this.#searched, ...part.flatMap((record) => this.#valuesOf(record))]);
      this.#sent += part.length;
    });
  }

  /** What was sent before the connection was lost is among the first that are sent again. */
  get #searched(): number {
    const unconfirmed = SEARCHED_PER_MESSAGE * this.#inFlight;
    return this.#sent < unconfirmed ? Math.max(SEARCHED, unconfirmed) : SEARCHED;
  }

  #valuesOf({ id, epoch, headers, contentType, body, event, tags }: SinkRecord): (string | number | Buffer)[] {
    const named = Object.entries({
      ...headers,
      ...Object.fromEntries(Object.entries(tags).map(([name, value]) => [`tag:${name}`, value])),
      ...(event !== undefined && { event }),
      ...{ 'sluice-epoch': epoch, 'content-type': contentType },
    });
    const fields = [...named.flat(), this.#body, body];
    return [id, fields.length, ...fields];
  }

  async #run(values: readonly (string | number | Buffer)[]): Promise<void> {
    try {
      await this.#redis.evalsha(SHA, 1, this.#stream, ...values);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      await this.#redis.eval(APPEND, 1, this.#stream, ...values);
    }
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
  }
}
