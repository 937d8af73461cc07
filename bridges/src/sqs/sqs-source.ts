import type { InboundBridge } from '@sluice/server/bridging';
import { textOption } from '../options.ts';
import { ReadSize } from '../read-size.ts';
import type { OpenSource, Source, SourceRecord } from '../source.ts';
import { PollCount } from './poll-count.ts';
import { BATCH, chunksOf, LONG_POLL, requireAll, type SqsClient, SqsQueue } from './sqs-queue.ts';
import { recordOf } from './sqs-record.ts';

/** Milliseconds that `close` waits for SQS to make messages visible again. */
const RELEASE = 2_000;
/** What a message needs besides its body. */
const PARTS = {
  MessageSystemAttributeNames: ['MessageGroupId' as const],
  MessageAttributeNames: ['All'],
};

/** Reads a queue. */
export class SqsSource implements Source {
  readonly #client: SqsClient;
  readonly #config: InboundBridge;

  constructor(client: SqsClient, config: InboundBridge) {
    this.#client = client;
    this.#config = config;
  }

  async open(): Promise<OpenSource> {
    const { connection, from, dedupe } = this.#config;
    const queue = await SqsQueue.open(this.#client, connection, textOption(from, 'queue'));
    const source = new OpenSqsSource(queue, this.#config);
    try {
      requireWindow(dedupe, await queue.retention());
      return source;
    } catch (error) {
      await source.close();
      throw error;
    }
  }
}

/** SQS may deliver a message again as long as it keeps it. */
function requireWindow(dedupe: number, retention: number): void {
  if (dedupe >= retention) return;
  const seconds = (time: number) => `${Math.ceil(time / 1_000)} s`;
  throw new Error(
    `the queue keeps messages for ${seconds(retention)}, but the bridge remembers their ids for only ${seconds(dedupe)}, so a message could appear twice. Set "dedupe" of the bridge to at least "${Math.ceil(retention / 1_000)}s"`,
  );
}

/** A message that was read: it is hidden until `until`, by the monotonic clock. */
interface Held {
  readonly receipt: string;
  until: number;
}

class OpenSqsSource implements OpenSource {
  readonly #queue: SqsQueue;
  readonly #isFromSns: boolean;
  /** Milliseconds. */
  readonly #visibility: number;
  readonly #polls = new PollCount();
  readonly #size: ReadSize;
  readonly #held = new Map<SourceRecord, Held>();

  constructor(queue: SqsQueue, { from, inFlight }: InboundBridge) {
    this.#size = new ReadSize(inFlight);
    this.#queue = queue;
    this.#isFromSns = from.envelope === 'sns';
    this.#visibility = Number(from.visibility);
  }

  async read(most: number): Promise<readonly SourceRecord[]> {
    const sizes = this.#polls.sizes(Math.min(most, this.#size.next));
    const read = await Promise.all(sizes.map((size) => this.#receive(size, sizes.length === 1 ? LONG_POLL : 0)));
    this.#polls.learn(read.map(({ length }, at) => ({ length, size: sizes[at] ?? BATCH })));
    const records = read.flat();
    this.#size.learn(records.map(({ body }) => body.length));
    return records;
  }

  async #receive(MaxNumberOfMessages: number, WaitTimeSeconds: number): Promise<readonly SourceRecord[]> {
    const { sqs, url: QueueUrl, name, options } = this.#queue;
    const VisibilityTimeout = this.#seconds;
    const limits = { MaxNumberOfMessages, WaitTimeSeconds, VisibilityTimeout };
    const { Messages = [] } = await sqs.receiveMessage({ QueueUrl, ...limits, ...PARTS }, options);
    const until = performance.now() + this.#visibility;
    return Messages.map((message) => {
      const record = recordOf(message, name, this.#isFromSns);
      this.#held.set(record, { receipt: message.ReceiptHandle ?? '', until });
      return record;
    });
  }

  get #seconds(): number {
    return Math.ceil(this.#visibility / 1_000);
  }

  async acknowledge(records: readonly SourceRecord[]): Promise<void> {
    await Promise.all(chunksOf(records).map((chunk) => this.#delete(chunk)));
  }

  async #delete(records: readonly SourceRecord[]): Promise<void> {
    const { sqs, url: QueueUrl, options } = this.#queue;
    const Entries = records.map((record, at) => ({ Id: `${at}`, ReceiptHandle: this.#held.get(record)?.receipt }));
    const { Failed } = await sqs.deleteMessageBatch({ QueueUrl, Entries }, options);
    requireAll('delete', Failed);
    for (const record of records) this.#held.delete(record);
  }

  /** Hides messages again when half of their time has passed: each call costs money. */
  async hold(records: readonly SourceRecord[]): Promise<void> {
    const soon = performance.now() + this.#visibility / 2;
    const due = records.filter((record) => (this.#held.get(record)?.until ?? soon) < soon);
    await Promise.all(chunksOf(due).map((chunk) => this.#hide(chunk, this.#seconds, this.#queue.options.abortSignal)));
    const until = performance.now() + this.#visibility;
    for (const record of due) Object.assign(this.#held.get(record) ?? {}, { until });
  }

  async #hide(records: readonly SourceRecord[], VisibilityTimeout: number, abortSignal: AbortSignal): Promise<void> {
    const { sqs, url: QueueUrl } = this.#queue;
    const Entries = records.map((record, at) => {
      return { Id: `${at}`, ReceiptHandle: this.#held.get(record)?.receipt, VisibilityTimeout };
    });
    const { Failed } = await sqs.changeMessageVisibilityBatch({ QueueUrl, Entries }, { abortSignal });
    requireAll('hide', Failed);
  }

  /** Ends long polls at once, and gives back what was not acknowledged. */
  async close(): Promise<void> {
    this.#queue.close();
    const within = AbortSignal.timeout(RELEASE);
    const releases = chunksOf([...this.#held.keys()]).map((chunk) => this.#hide(chunk, 0, within));
    await Promise.allSettled(releases); // otherwise they return when their time has passed
    this.#held.clear();
    this.#queue.sqs.destroy();
  }
}
