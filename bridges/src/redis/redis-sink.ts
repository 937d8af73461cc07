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

/**
 * Appends records that the stream does not have yet. The latest entry of the channel tells which it
 * has: it is looked for among the last 100, because other programs may append to the stream.
 *
 * KEYS: the stream. ARGV: channel, maximum length (0: none), then for each record epoch, offset, the
 * number of its fields, and fields and values in turn. An error stops the script: what comes after is
 * not appended, so that no record is skipped.
 */
const APPEND = `
local channel, most, at = ARGV[1], tonumber(ARGV[2]), 3
local epoch, offset
for _, entry in ipairs(redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 100)) do
  local of = {}
  for field = 1, #entry[2], 2 do of[entry[2][field]] = entry[2][field + 1] end
  if of['sluice-channel'] == channel and of['sluice-epoch'] then
    epoch, offset = of['sluice-epoch'], tonumber(of['sluice-offset'])
    break
  end
end
local added = 0
while ARGV[at] do
  local own, number, fields = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  if own ~= epoch or number > offset then
    local limit = most > 0 and {'MAXLEN', '~', most} or {}
    local command = {'XADD', KEYS[1], unpack(limit)}
    command[#command + 1] = '*'
    for field = at + 3, at + 2 + fields do command[#command + 1] = ARGV[field] end
    redis.call(unpack(command))
    epoch, offset, added = own, number, added + 1
  end
  at = at + 3 + fields
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
  readonly #channel: string;
  readonly #most: number;
  readonly #lost = new AbortController();

  constructor(redis: Redis, { from, to }: OutboundBridge) {
    this.#redis = redis;
    this.#stream = textOption(to, 'stream');
    this.#body = textOption(to, 'body');
    this.#channel = from.channel;
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
    await inParts(records, { limits: { most: MOST, largest: LARGEST }, confirmed }, (part) =>
      this.#run([this.#channel, this.#most, ...part.flatMap((record) => this.#valuesOf(record))]),
    );
  }

  #valuesOf({ epoch, offset, headers, contentType, body, event, tags }: SinkRecord): (string | number | Buffer)[] {
    const named = Object.entries({
      ...headers,
      ...Object.fromEntries(Object.entries(tags).map(([name, value]) => [`tag:${name}`, value])),
      ...(event !== undefined && { event }),
      ...{ 'sluice-epoch': epoch, 'content-type': contentType },
    });
    const fields = [...named.flat(), this.#body, body];
    return [epoch, offset, fields.length, ...fields];
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
