import { Admin, type BaseOptions, Consumer, type KafkaRecord, Producer, stringSerializers } from '@platformatic/kafka';

/** A message that a topic has. */
export interface TopicMessage {
  readonly key: string | undefined;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A record of a test that is not text. */
interface BytesMessage {
  topic: string;
  key?: Buffer;
  readonly value: Buffer | null;
}

type Compression = 'none' | 'snappy' | 'lz4';

/** Bytes of a fetch: more than any test writes. */
const MOST = 50_000_000;

/** A client of the tests, which goes on after a restart of the server. */
export class KafkaTestClient {
  readonly #options: BaseOptions;
  readonly admin: Admin;
  readonly producer: Producer<string, string, string, string>;
  readonly #others: Producer<string, string, string, string>[] = [];
  /** Without a group. */
  readonly #consumer: Consumer;

  constructor(port: number, more: Partial<BaseOptions> = {}) {
    const bootstrapBrokers = [`127.0.0.1:${port}`];
    this.#options = { clientId: 'test', bootstrapBrokers, retries: 10_000, retryDelay: 50, ...more };
    this.admin = new Admin(this.#options);
    this.producer = new Producer({ ...this.#options, serializers: stringSerializers, idempotent: true });
    this.#consumer = new Consumer({ ...this.#options, groupId: 'unused' });
  }

  /** A producer of transactions. */
  transactional(): Producer<string, string, string, string> {
    const transactionalId = `transactions-${this.#others.length}`;
    const options = { ...this.#options, serializers: stringSerializers, idempotent: true, transactionalId };
    const producer = new Producer(options);
    this.#others.push(producer);
    return producer;
  }

  /** Sends a record that is not text. */
  sendBytes(message: BytesMessage, compression?: Compression): Promise<void> {
    return this.sendAllBytes([message], compression);
  }

  /** Sends records that are not text in one request. */
  async sendAllBytes(messages: readonly BytesMessage[], compression: Compression = 'none'): Promise<void> {
    const producer = new Producer<Buffer, Buffer, Buffer, Buffer>(this.#options);
    await producer.send({ messages: messages as (BytesMessage & { value: Buffer })[], acks: -1, compression });
    await producer.close();
  }

  async createTopic(topic: string, partitions = 1): Promise<void> {
    await this.admin.createTopics({ topics: [topic], partitions });
  }

  /** Records of a topic that a group has not committed. */
  async uncommitted(topic: string, groupId: string): Promise<number> {
    const latest = (await this.#consumer.listOffsets({ topics: [topic] })).get(topic) ?? [];
    const group = new Consumer({ ...this.#options, groupId });
    const partitions = latest.map((_, partition) => partition);
    const committed = (await group.listCommittedOffsets({ topics: [{ topic, partitions }] })).get(topic) ?? [];
    await group.close(true);
    return latest.reduce((sum, offset, at) => sum + Number(offset - max(committed[at] ?? 0n, 0n)), 0);
  }

  /** Everything that a topic has, partition by partition. */
  async read(topic: string): Promise<readonly TopicMessage[]> {
    const { topics } = await this.#consumer.metadata({ topics: [topic] });
    const { id: topicId = '', partitions = [] } = topics.get(topic) ?? {};
    const read = [];
    for (const [partition, { leader }] of partitions.entries()) {
      const from = {
        partition,
        fetchOffset: 0n,
        partitionMaxBytes: MOST,
        currentLeaderEpoch: -1,
        lastFetchedEpoch: -1,
      };
      const { responses } = await this.#consumer.fetch({
        ...{ node: leader, topics: [{ topicId, partitions: [from] }] },
        ...{ minBytes: 0, maxWaitTime: 1, maxBytes: MOST },
      });
      const [response] = responses.flatMap((each) => each.partitions);
      read.push(...(response?.records ?? []).flatMap(({ records }) => records.map(messageOf)));
    }
    return read;
  }

  async close(): Promise<void> {
    await Promise.all([
      this.admin.close(),
      this.producer.close(),
      this.#consumer.close(),
      ...this.#others.map((each) => each.close()),
    ]);
  }
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

const messageOf = ({ key, value, headers }: KafkaRecord): TopicMessage => ({
  key: key?.toString(),
  body: value?.toString() ?? '',
  headers: Object.fromEntries(headers.map(([name, text]) => [`${name}`, `${text}`])),
});
