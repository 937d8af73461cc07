import type { Producer } from '@platformatic/kafka';
import type { OutboundBridge } from '@sluice/server/bridging';
import { textOption } from '../options.ts';
import { bytesIn, inParts } from '../parts.ts';
import type { OnConfirmed, OpenSink, Sink, SinkRecord } from '../sink.ts';
import { fillFor } from '../sink-template.ts';
import { bytesOf, TooLarge } from '../too-large.ts';
import { unlessLost } from '../unless-lost.ts';
import { Unroutable } from '../unroutable.ts';
import { causeOf, type KafkaClient, kafkaOptions } from './kafka-connection.ts';

/** Records and bytes of one request: by default, a topic accepts batches of a megabyte. */
const MOST = 1_000;
const LARGEST = 786_432;
/** The errors of the protocol for a batch that is larger than the topic accepts, or a segment of its log. */
const TOO_LARGE: readonly unknown[] = [10, 18];
/** Those for a topic that does not exist, cannot exist, or may not be written to. */
const NO_TOPIC: readonly unknown[] = [3, 17, 29];
/** Acknowledged when every replica in sync has it. */
const ALL = -1;

/** Appends to topics. */
export class KafkaSink implements Sink {
  readonly attributePrefix = 'ce_';
  readonly #client: KafkaClient;
  readonly #config: OutboundBridge;
  /** Bytes of one request, which shrink to what the topic accepts. */
  readonly #batch = { largest: LARGEST };

  constructor(client: KafkaClient, config: OutboundBridge) {
    this.#client = client;
    this.#config = config;
  }

  async open(): Promise<OpenSink> {
    const { compatibilityPartitioner: partitioner } = this.#client;
    // Idempotent: what the client sends twice is stored once, in its order.
    const options = { ...kafkaOptions(this.#config.connection), idempotent: true, partitioner };
    const producer = new this.#client.Producer<Buffer, Buffer, Buffer, Buffer>(options);
    try {
      await producer.initIdempotentProducer({});
    } catch (error) {
      await producer.close().catch(() => {}); // it is lost already
      throw causeOf(error);
    }
    return new OpenKafkaSink(producer, this.#config, this.#batch);
  }
}

class OpenKafkaSink implements OpenSink {
  readonly #producer: Producer;
  readonly #topic: string;
  readonly #key: string;
  readonly #batch: { largest: number };
  readonly #closed = new AbortController();

  constructor(producer: Producer, { to }: OutboundBridge, batch: { largest: number }) {
    this.#producer = producer;
    this.#batch = batch;
    this.#topic = textOption(to, 'topic');
    this.#key = textOption(to, 'key');
  }

  async send(records: readonly SinkRecord[], confirmed: OnConfirmed = () => {}): Promise<void> {
    try {
      await this.#sendParts(records, confirmed);
    } catch (error) {
      throw error instanceof TooLarge ? this.#withOthers(error, records) : error;
    }
  }

  /** Later records for the same topic that are as large are not accepted either. One report saves an attempt for each. */
  #withOthers(error: TooLarge, records: readonly SinkRecord[]): TooLarge {
    const at = records.findIndex(({ id }) => id === error.ids[0]);
    const [first, ...later] = records.slice(at);
    if (at === -1 || first === undefined) return error;
    const topic = this.#topicOf(first);
    const size = sizeOf(first);
    const others = later.filter((record) => sizeOf(record) >= size && this.#topicOf(record) === topic);
    return new TooLarge([first, ...others], error.limit);
  }

  async #sendParts(records: readonly SinkRecord[], confirmed: OnConfirmed): Promise<void> {
    const { largest } = this.#batch;
    await inParts(records, { limits: { most: MOST, largest }, confirmed }, (part, done) => this.#sendPart(part, done));
  }

  async #sendPart(part: readonly SinkRecord[], confirmed: OnConfirmed): Promise<void> {
    const messages = part.map((record) => this.#messageOf(record));
    try {
      await unlessLost(this.#closed.signal, this.#producer.send({ messages, acks: ALL }));
    } catch (error) {
      const cause = causeOf(error);
      const { apiCode } = cause as { apiCode?: unknown };
      if (TOO_LARGE.includes(apiCode)) await this.#sendSmaller(part, confirmed);
      else if (NO_TOPIC.includes(apiCode)) await this.#sendByTopic(part, confirmed);
      else throw cause;
    }
  }

  /** A topic that does not exist keeps a request from the topics that do. */
  async #sendByTopic(part: readonly SinkRecord[], confirmed: OnConfirmed): Promise<void> {
    const runs = runsOf(part, (record) => this.#topicOf(record));
    const [{ records: [first, ...others] = [], name = '' } = {}] = runs;
    if (runs.length === 1 && first !== undefined) {
      throw new Unroutable([first, ...others], `there is no topic "${name}", or the user may not write to it`);
    }
    let before = 0;
    for (const { records } of runs) {
      const at = before;
      await this.#sendPart(records, (of) => confirmed(at + of));
      for (const of of records.keys()) confirmed(at + of);
      before += records.length;
    }
  }

  /** A topic has a limit for batches, which its records must not exceed either. */
  async #sendSmaller(part: readonly SinkRecord[], confirmed: OnConfirmed): Promise<void> {
    const [first, ...others] = part;
    if (first === undefined) return;
    if (others.length === 0) throw new TooLarge([first], 'the topic accepts less ("max.message.bytes")');
    this.#batch.largest = Math.min(this.#batch.largest, bytesIn(part) / 2);
    await this.#sendParts(part, confirmed);
  }

  #topicOf(record: SinkRecord): string {
    return asTopic(fillFor(this.#topic, record));
  }

  #messageOf(record: SinkRecord) {
    const { headers, contentType, body, event, tags } = record;
    const named = Object.entries({
      ...Object.fromEntries(Object.entries(tags).map(([name, value]) => [`sluice-tag-${name}`, value])),
      ...(event !== undefined && { event }),
      ...{ ...headers, 'content-type': contentType },
    });
    return {
      ...{ topic: this.#topicOf(record), key: Buffer.from(fillFor(this.#key, record)), value: body },
      headers: new Map(named.map(([name, value]) => [Buffer.from(name), Buffer.from(value)])),
    };
  }

  async close(): Promise<void> {
    this.#closed.abort(new Error('the sink was closed'));
    await this.#producer.close().catch(() => {}); // it is lost already
  }
}

/** A name that a topic may have; `.` and `..` are none. */
function asTopic(text: string): string {
  const topic = text.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, 249);
  return /^\.{1,2}$/.test(topic) ? '_' : topic;
}

const sizeOf = ({ body, headers, tags }: SinkRecord): number => body.length + bytesOf(headers) + bytesOf(tags);

/** Consecutive records with the same name. */
function runsOf(records: readonly SinkRecord[], nameOf: (record: SinkRecord) => string) {
  const runs: { readonly name: string; readonly records: SinkRecord[] }[] = [];
  for (const record of records) {
    const name = nameOf(record);
    const last = runs.at(-1);
    if (last?.name === name) last.records.push(record);
    else runs.push({ name, records: [record] });
  }
  return runs;
}
