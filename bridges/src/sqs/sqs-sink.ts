import type { OutboundBridge } from '@sluice/server/bridging';
import { textOption } from '../options.ts';
import type { OpenSink, Sink, SinkRecord } from '../sink.ts';
import { batchesOf, entryOf, type SqsEntry } from './sqs-entry.ts';
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
    const sink = new OpenSqsSink(queue, Number(to.batch), this.#confirmed);
    try {
      await queue.retention(); // is it there?
      return sink;
    } catch (error) {
      await sink.close();
      throw error;
    }
  }
}

class OpenSqsSink implements OpenSink {
  readonly #queue: SqsQueue;
  readonly #batch: number;
  /** Ids that SQS has confirmed of records which are sent again, because others were refused. */
  readonly #confirmed: Set<string>;

  constructor(queue: SqsQueue, batch: number, confirmed: Set<string>) {
    this.#queue = queue;
    this.#batch = batch;
    this.#confirmed = confirmed;
  }

  async send(records: readonly SinkRecord[]): Promise<void> {
    const { isFifo } = this.#queue;
    const left = records.filter(({ id }) => !this.#confirmed.has(id));
    const entries = left.map((record) => ({ id: record.id, ...entryOf(record, isFifo) }));
    for (const batch of batchesOf(entries, this.#batch)) await this.#sendBatch(batch);
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
