import { setMaxListeners } from 'node:events';
import type { SQS, SQSClientConfig } from '@aws-sdk/client-sqs';
import type { BridgeOptions } from '@sluice/server/bridging';

export type SqsClient = typeof import('@aws-sdk/client-sqs');

/** Most messages of one call. */
export const BATCH = 10;
/** Bytes of one call, with its attributes: SQS once accepted no more, and other servers still do not. */
export const LARGEST_CALL = 262_144;
/** Seconds for which SQS may wait for messages: the longest that it accepts. */
export const LONG_POLL = 20;

/** Milliseconds for a connection, and for an answer: longer than a long poll. */
const CONNECT = 5_000;
const ANSWER = 30_000;
/** What an entry of a batch call reports, if it failed. */
interface FailedEntry {
  readonly Code: string | undefined;
  readonly Message?: string | undefined;
}

/** A queue that exists, and the calls to it, which `close` aborts. */
export class SqsQueue {
  readonly sqs: SQS;
  readonly url: string;
  readonly name: string;
  /** Does SQS keep the order within a group, and recognise repeats? */
  readonly isFifo: boolean;
  readonly #closed = new AbortController();

  private constructor(sqs: SQS, url: string) {
    this.sqs = sqs;
    this.url = url;
    this.name = url.slice(url.lastIndexOf('/') + 1);
    this.isFifo = this.name.endsWith('.fifo');
    // Each call listens while it lasts, and there are many at the same time: that is no leak, of which Node.js would warn.
    setMaxListeners(0, this.#closed.signal);
  }

  /** Finds a queue by its name or URL, as a first call to it. */
  static async open({ SQS }: SqsClient, connection: BridgeOptions, queue: string): Promise<SqsQueue> {
    const sqs = new SQS(clientOptions(connection));
    try {
      const { QueueUrl = queue } = URL.canParse(queue) ? {} : await sqs.getQueueUrl({ QueueName: queue });
      return new SqsQueue(sqs, QueueUrl);
    } catch (error) {
      sqs.destroy();
      throw error;
    }
  }

  /** For calls that end with the connection. */
  get options(): { readonly abortSignal: AbortSignal } {
    return { abortSignal: this.#closed.signal };
  }

  /**
   * Milliseconds for which the queue keeps a message that nobody deletes; 0: the server does not say.
   * Rejects if there is no such queue.
   */
  async retention(): Promise<number> {
    return (await this.#attribute('MessageRetentionPeriod', 0)) * 1_000;
  }

  /** Bytes that a message may have, with its attributes. Rejects if there is no such queue. */
  largest(): Promise<number> {
    return this.#attribute('MaximumMessageSize', LARGEST_CALL);
  }

  async #attribute(name: 'MessageRetentionPeriod' | 'MaximumMessageSize', otherwise: number): Promise<number> {
    const { url: QueueUrl } = this;
    const { Attributes } = await this.sqs.getQueueAttributes({ QueueUrl, AttributeNames: [name] }, this.options);
    return Number(Attributes?.[name] ?? otherwise);
  }

  /** Aborts the calls that wait, and refuses later ones. */
  close(): void {
    this.#closed.abort(new Error('the connection was closed'));
  }
}

function clientOptions({ region, endpoint, accessKeyId, secretAccessKey }: BridgeOptions): SQSClientConfig {
  return {
    ...(typeof region === 'string' && { region }),
    // The host of a queue's URL may be one that only the endpoint knows.
    ...(typeof endpoint === 'string' && { endpoint, useQueueUrlAsEndpoint: false }),
    ...(typeof accessKeyId === 'string' &&
      typeof secretAccessKey === 'string' && { credentials: { accessKeyId, secretAccessKey } }),
    requestHandler: { connectionTimeout: CONNECT, requestTimeout: ANSWER, throwOnRequestTimeout: true },
  };
}

/** Splits a list into calls, in order. */
export function chunksOf<T>(items: readonly T[], size = BATCH): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

/** A call for several messages succeeds as a whole, even if none of them did. */
export function requireAll(what: string, failed: readonly FailedEntry[] | undefined): void {
  const [first] = failed ?? [];
  if (first === undefined) return;
  throw new Error(`SQS did not ${what} ${failed?.length} messages: ${first.Code} ${first.Message ?? ''}`.trim());
}
