import { type Message, type MessageAttributeValue, SQS } from '@aws-sdk/client-sqs';
import { eventually } from './retry.ts';

/** What a test sends. */
export interface SqsMessage {
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly group?: string;
  /** Of a FIFO queue: recognises a message that is sent again. */
  readonly id?: string;
}

/** A queue, as another program uses it. Every call is repeated while the server is away. */
export class SqsClient {
  /** How a bridge connects. */
  readonly connection: Readonly<Record<string, string>>;
  readonly #sqs: SQS;
  readonly #name: string;
  #url = '';

  private constructor(port: number, name: string, region: string) {
    const endpoint = `http://127.0.0.1:${port}`;
    this.connection = { endpoint, region, accessKeyId: 'a-key', secretAccessKey: 'a-secret' };
    const credentials = { accessKeyId: 'a-key', secretAccessKey: 'a-secret' };
    this.#sqs = new SQS({ endpoint, region, credentials, maxAttempts: 1 });
    this.#name = name;
  }

  /** Creates a queue: with a name that ends with `.fifo`, in order. */
  static async create(port: number, name: string, region = 'test'): Promise<SqsClient> {
    const client = new SqsClient(port, name, region);
    const fifo = name.endsWith('.fifo') && { Attributes: { FifoQueue: 'true' } };
    const { QueueUrl = '' } = await client.#sqs.createQueue({ QueueName: name, ...fifo });
    client.#url = QueueUrl;
    return client;
  }

  get url(): string {
    return this.#url;
  }

  get isFifo(): boolean {
    return this.#name.endsWith('.fifo');
  }

  /** Sends messages, 10 in a call. */
  async send(messages: readonly SqsMessage[]): Promise<void> {
    for (let at = 0; at < messages.length; at += 10) {
      const Entries = messages.slice(at, at + 10).map((message, index) => this.#entryOf(message, index));
      const { Failed = [] } = await eventually(() => this.#sqs.sendMessageBatch({ QueueUrl: this.#url, Entries }));
      if (Failed.length > 0) throw new Error(`not sent: ${JSON.stringify(Failed)}`);
    }
  }

  #entryOf({ body, headers = {}, group = 'group', id }: SqsMessage, index: number) {
    const attributes = Object.entries(headers).map(([name, StringValue]): [string, MessageAttributeValue] => [
      name,
      { DataType: 'String', StringValue },
    ]);
    const MessageAttributes = Object.fromEntries(attributes);
    const fifo = this.isFifo && { MessageGroupId: group, MessageDeduplicationId: id };
    return { Id: `${index}`, MessageBody: body, MessageAttributes, ...fifo };
  }

  /** Reads and deletes what is there at the moment. */
  async take(): Promise<readonly Message[]> {
    const { Messages = [] } = await eventually(() =>
      this.#sqs.receiveMessage({ QueueUrl: this.#url, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
    );
    const Entries = Messages.map(({ ReceiptHandle }, at) => ({ Id: `${at}`, ReceiptHandle }));
    if (Entries.length > 0) await eventually(() => this.#sqs.deleteMessageBatch({ QueueUrl: this.#url, Entries }));
    return Messages;
  }

  /** How many messages wait, and how many were read and not deleted. */
  async count(): Promise<{ readonly ready: number; readonly hidden: number }> {
    const AttributeNames = ['ApproximateNumberOfMessages' as const, 'ApproximateNumberOfMessagesNotVisible' as const];
    const { Attributes = {} } = await eventually(() =>
      this.#sqs.getQueueAttributes({ QueueUrl: this.#url, AttributeNames }),
    );
    const { ApproximateNumberOfMessages: ready, ApproximateNumberOfMessagesNotVisible: hidden } = Attributes;
    return { ready: Number(ready), hidden: Number(hidden) };
  }

  close(): void {
    this.#sqs.destroy();
  }
}
