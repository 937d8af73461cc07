import type { Consumer } from '@platformatic/kafka';
import type { InboundBridge } from '@sluice/server/bridging';
import { MessagesLost } from '../keep-connected.ts';
import { listOption, textOption } from '../options.ts';
import type { SourceRecord } from '../source.ts';
import { type KafkaClient, kafkaOptions } from './kafka-connection.ts';
import { type KafkaPartition, partitionName } from './kafka-partition.ts';

/** Milliseconds after which a member that says nothing loses its partitions. */
const SESSION = 10_000;
const HEARTBEAT = 1_000;
/** Timestamps that ask for the ends of a partition. */
const EARLIEST = -2n;
const LATEST = -1n;

export interface KafkaGroupParts {
  readonly client: KafkaClient;
  readonly config: InboundBridge;
  /** Of an earlier connection, which could not leave the group; `null`: none. */
  readonly memberId: string | null;
  /** The membership is lost, with the connection. */
  readonly failed: (error: Error) => void;
}

/** A member of a consumer group, and the partitions that it reads. */
export class KafkaGroup {
  readonly #config: InboundBridge;
  readonly #topics: readonly string[];
  readonly #consumer: Consumer;
  #partitions: ReadonlyMap<string, KafkaPartition> = new Map();
  /** How many partitions the topics had when they were assigned. */
  #counts: readonly number[] = [];
  #isStale = true;
  #changed: (() => void) | undefined;

  constructor({ client, config, memberId, failed }: KafkaGroupParts) {
    this.#config = config;
    this.#topics = listOption(config.from, 'topics');
    const group = { groupId: textOption(config.from, 'group'), autocommit: false } as const;
    const times = { sessionTimeout: SESSION, rebalanceTimeout: SESSION, heartbeatInterval: HEARTBEAT };
    const consumer = new client.Consumer({ ...kafkaOptions(config.connection), ...group, ...times });
    consumer.memberId = memberId;
    consumer.topics.trackAll(...this.#topics);
    // Not in the types: a group that could not be joined again.
    consumer.on('error' as 'consumer:lag:error', failed);
    consumer.on('consumer:heartbeat:error', ({ error }) => failed(error));
    consumer.on('consumer:group:join', () => this.#markStale());
    this.#consumer = consumer;
  }

  /** Identifies the member to the group, also after a lost connection. */
  get memberId(): string | null {
    return this.#consumer.memberId;
  }

  /** Joins the group, and finds out where to begin. */
  async join(): Promise<void> {
    await this.#consumer.joinGroup();
    await this.partitions();
  }

  /** The partitions of this member, which change when others join or leave. */
  async partitions(): Promise<ReadonlyMap<string, KafkaPartition>> {
    const { topics } = await this.#consumer.metadata({ topics: [...this.#topics] });
    const counts = this.#topics.map((topic) => topics.get(topic)?.partitionsCount ?? 0);
    while (this.#isStale) {
      this.#isStale = false;
      this.#counts = counts;
      const assigned = this.#assigned((topic) => topics.get(topic)?.id ?? '');
      const kept = assigned.map((partition) => this.#partitions.get(partitionName(partition)) ?? partition);
      await this.#seek(kept.filter((partition) => !this.#partitions.has(partitionName(partition))));
      this.#partitions = new Map(kept.map((partition) => [partitionName(partition), partition]));
    }
    if (counts.join() !== this.#counts.join()) throw new Error('a topic has more partitions now: joining again');
    return this.#partitions;
  }

  /** Waits for another assignment. */
  async change(): Promise<void> {
    if (this.#isStale) return;
    await new Promise<void>((resolve) => {
      this.#changed = resolve;
    });
  }

  #markStale(): void {
    this.#isStale = true;
    this.#changed?.();
  }

  #assigned(idOf: (topic: string) => string): readonly KafkaPartition[] {
    return (this.#consumer.assignments ?? []).flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, topicId: idOf(topic), partition, next: 0n })),
    );
  }

  /** Moves partitions to where the group is, or to where it begins. */
  async #seek(partitions: readonly KafkaPartition[]): Promise<void> {
    if (partitions.length === 0) return;
    const topics = [...groupByTopic(partitions)].map(([topic, list]) => ({ topic, partitions: list }));
    const names = topics.map(({ topic }) => topic);
    const committed = await this.#consumer.listCommittedOffsets({ topics });
    const earliest = await this.#consumer.listOffsets({ topics: names, timestamp: EARLIEST });
    const latest = await this.#consumer.listOffsets({ topics: names, timestamp: LATEST });
    const begin = textOption(this.#config.from, 'start') === 'oldest' ? earliest : latest;
    const lost: string[] = [];
    for (const each of partitions) {
      const { topic, partition } = each;
      const at = (offsets: ReadonlyMap<string, readonly bigint[]>) => offsets.get(topic)?.[partition] ?? -1n;
      const stored = at(committed);
      const isLost = stored >= 0n && (stored < at(earliest) || stored > at(latest));
      if (isLost) lost.push(`${topic}/${partition} from ${stored}, it goes on at ${at(earliest)}`);
      each.next = isLost ? at(earliest) : stored >= 0n ? stored : at(begin);
    }
    // Also a beginning: otherwise a restart before the first message would find another one.
    await this.#commit(partitions.map((each) => ({ ...each, offset: each.next })));
    if (lost.length > 0) throw new MessagesLost(`Kafka has no more what was not read: ${lost.join('; ')}`);
  }

  /** Commits what is behind the records, of partitions that this member still has. */
  async commit(records: readonly SourceRecord[]): Promise<void> {
    const offsets = new Map<KafkaPartition, bigint>();
    for (const { once } of records) {
      const partition = 'id' in once ? undefined : this.#partitions.get(once.partition);
      if (partition !== undefined && !('id' in once)) offsets.set(partition, BigInt(once.position) + 1n);
    }
    await this.#commit([...offsets].map(([partition, offset]) => ({ ...partition, offset })));
  }

  async #commit(of: readonly { readonly topic: string; readonly partition: number; readonly offset: bigint }[]) {
    if (of.length === 0) return;
    const offsets = of.map(({ topic, partition, offset }) => ({ topic, partition, offset, leaderEpoch: -1 }));
    await this.#consumer.commit({ offsets });
  }

  /** Leaves the group, so that others need not wait for the end of the session. */
  async leave(): Promise<void> {
    try {
      await this.#consumer.close(true);
    } catch {
      await this.abandon(); // the broker is away
    }
  }

  /** Ends the connection only: the same member comes back with the next one. */
  async abandon(): Promise<void> {
    this.#consumer.memberId = null; // it would be asked to leave
    try {
      await this.#consumer.leaveGroup(true);
      await this.#consumer.close(true);
    } catch {
      // Nothing is left of it: it had no connection.
    }
  }
}

function groupByTopic(partitions: readonly KafkaPartition[]): Map<string, number[]> {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  return topics;
}
