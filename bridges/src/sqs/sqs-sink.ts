import type { OutboundBridge } from '@sluice/server/bridging';
import { textOption } from '../options.ts';
import type { OnConfirmed, OpenSink, Sink, SinkRecord } from '../sink.ts';
import { requireSizes } from '../too-large.ts';
import { batchesOf, entryOf, type SqsEntry, sizeOf } from './sqs-entry.ts';
import { requireAll, type SqsClient, SqsQueue } from './sqs-queue.ts';

/** Sends to a queue. */
export class SqsSink implements Sink {
  readonly attributePrefix = 'ce_';
  /** A call may fail for some of its messages, and a standard queue has no order. */
  readonly skipsConfirmed = true;
  readonly #client: SqsClient;
  readonly #config: OutboundBridge;

  constructor(client: SqsClient, config: OutboundBridge) {
    this.#client = client;
    this.#config = config;
  }

  async open(): Promise<OpenSink> {
    const { connection, to } = this.#config;
    const queue = await SqsQueue.open(this.#client, connection, textOption(to, 'queue'));
    try {
      const limits = { batch: Number(to.batch), largest: await queue.largest() };
      return new OpenSqsSink(queue, limits);
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

  constructor(queue: SqsQueue, limits: Limits) {
    this.#queue = queue;
    this.#limits = limits;
  }

  async send(records: readonly SinkRecord[], confirmed: OnConfirmed = () => {}): Promise<void> {
    const { isFifo } = this.#queue;
    const { batch: most, largest } = this.#limits;
    const entries = records.map((record) => entryOf(record, isFifo));
    requireSizes(records, {
      most: largest,
      sizeOf: (_, at) => sizeOf(entries[at] as SqsEntry),
      limit: `the queue accepts ${largest} bytes with attributes ("MaximumMessageSize")`,
    });
    let before = 0;
    for (const batch of batchesOf(entries, most)) {
      const first = before;
      await this.#sendBatch(batch, (at) => confirmed(first + at));
      before += batch.length;
    }
  }

  async #sendBatch(batch: readonly SqsEntry[], confirmed: OnConfirmed): Promise<void> {
    const { sqs, url: QueueUrl, options } = this.#queue;
    const Entries = batch.map((entry, at) => ({ Id: `${at}`, ...entry }));
    const { Successful = [], Failed } = await sqs.sendMessageBatch({ QueueUrl, Entries }, options);
    for (const { Id } of Successful) confirmed(Number(Id));
    requireAll('accept', Failed);
  }

  async close(): Promise<void> {
    this.#queue.close();
    this.#queue.sqs.destroy();
  }
}
