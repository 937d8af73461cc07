import type { OutboundBridge } from '@sluice/server/bridging';
import { textOption } from '../options.ts';
import type { OpenSink, Sink, SinkRecord } from '../sink.ts';
import { requireSizes } from '../too-large.ts';
import { batchesOf, entryOf, type SqsEntry, sizeOf } from './sqs-entry.ts';
import { requireAll, type SqsClient, SqsQueue } from './sqs-queue.ts';

/** Sends to a queue. */
export class SqsSink implements Sink {
  readonly attributePrefix = 'ce_';
  readonly #client: SqsClient;
  readonly #config: OutboundBridge;
  /** See `OpenSqsSink`. It outlives a connection, because a refused batch ends one. */
  readonly #confirmed = new Set<string>();

  constructor(client: SqsClient, config: OutboundBridge) {
    this.#client = client;
    this.#config = config;
  }

  async open(): Promise<OpenSink> {
    const { connection, to } = this.#config;
    const queue = await SqsQueue.open(this.#client, connection, textOption(to, 'queue'));
    try {
      const limits = { batch: Number(to.batch), largest: await queue.largest() };
      return new OpenSqsSink(queue, limits, this.#confirmed);
    } catch (error) {
      queue.close();
      queue.sqs.destroy();
      throw error;
    }
  }
}

interface Limits {
  /** Messages of a call. */
  readonly batch: number;
  /** Bytes of a message. */
  readonly largest: number;
}

class OpenSqsSink implements OpenSink {
  readonly #queue: SqsQueue;
  readonly #limits: Limits;
  /** Ids that SQS has confirmed of records which are sent again, because others were refused. */
  readonly #confirmed: Set<string>;

  constructor(queue: SqsQueue, limits: Limits, confirmed: Set<string>) {
    this.#queue = queue;
    this.#limits = limits;
    this.#confirmed = confirmed;
  }

  async send(records: readonly SinkRecord[]): Promise<void> {
    const { isFifo } = this.#queue;
    const { batch: most, largest } = this.#limits;
    const all = records.map((record) => ({ id: record.id, ...entryOf(record, isFifo) }));
    requireSizes(records, {
      most: largest,
      sizeOf: (_, at) => sizeOf(all[at] as SqsEntry),
      limit: `the queue accepts ${largest} bytes with attributes ("MaximumMessageSize")`,
    });
    const entries = all.filter(({ id }) => !this.#confirmed.has(id));
    for (const batch of batchesOf(entries, most)) await this.#sendBatch(batch);
    this.#confirmed.clear();
  }

  async #sendBatch(batch: readonly (SqsEntry & { readonly id: string })[]): Promise<void> {
    const { sqs, url: QueueUrl, options } = this.#queue;
    const Entries = batch.map(({ id: _, ...entry }, at) => ({ Id: `${at}`, ...entry }));
    const { Successful = [], Failed } = await sqs.sendMessageBatch({ QueueUrl, Entries }, options);
    for (const { Id } of Successful) this.#confirmed.add(batch[Number(Id)]?.id ?? '');
    requireAll('accept', Failed);
  }

  async close(): Promise<void> {
    this.#queue.close();
    this.#queue.sqs.destroy();
  }
}
