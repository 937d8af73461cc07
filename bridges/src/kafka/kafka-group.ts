import type { Consumer } from '@platformatic/kafka';
import type { InboundBridge } from '@sluice/server/bridging';
import { MessagesLost } from '../keep-connected.ts';
import { listOption, textOption } from '../options.ts';
import type { SourceRecord } from '../source.ts';
import type { SourceHost } from '../systems.ts';
import { assignByTopic } from './kafka-assigner.ts';
import { KafkaBeginning, type TopicEnds } from './kafka-beginning.ts';
import { type KafkaClient, kafkaOptions } from './kafka-connection.ts';
import { type KafkaPartition, partitionName } from './kafka-partition.ts';
import { tolerateLeaderless } from './tolerate-leaderless.ts';

/** Milliseconds after which a member that says nothing loses its partitions. */
const SESSION = 10_000;
const HEARTBEAT = 1_000;
/** Milliseconds between two looks for the leaders of partitions that have none. */
const LOOK = 1_000;
/** Timestamps that ask for the ends of a partition. */
const EARLIEST = -2n;
const LATEST = -1n;

export interface KafkaGroupParts {
  readonly client: KafkaClient;
  readonly config: InboundBridge;
  readonly host: SourceHost;
  /** Of an earlier connection, which could not leave the group; `null`: none. */
  readonly memberId: string | null;
  /** The membership is lost, with the connection. */
  readonly failed: (error: Error) => void;
}

/** Does a partition of a topic have a leader? */
type IsLed = (topic: string, partition: number) => boolean;

/** Records that Kafka no longer has. */
interface Lost {
  readonly count: number;
  readonly why: string;
  readonly where: string;
}

/** Of a topic, by partition. */
interface Ends extends TopicEnds {
  readonly committed: readonly bigint[];
}

/** A member of a consumer group, and the partitions that it reads. */
export class KafkaGroup {
  readonly #host: SourceHost;
  readonly #beginning: KafkaBeginning;
  readonly #topics: readonly string[];
  readonly #consumer: Consumer;
  #partitions: ReadonlyMap<string, KafkaPartition> = new Map();
  /** How many partitions the topics had when they were assigned. */
  #counts: readonly number[] = [];
  #isStale = true;
  /** Of this member, and not read, by name. Those that lost their leader after the assignment keep their place. */
  #leaderless: ReadonlyMap<string, KafkaPartition> = new Map();
  /** What the latest error says about them; `undefined`: it says nothing. */
  #reported: string | undefined;
  /** When to look for their leaders, by the monotonic clock. */
  #lookAt = 0;
  #changed: (() => void) | undefined;

  constructor({ client, config, host, memberId, failed }: KafkaGroupParts) {
    this.#host = host;
    this.#topics = listOption(config.from, 'topics');
    const [groupId, start] = [textOption(config.from, 'group'), textOption(config.from, 'start')];
    this.#beginning = new KafkaBeginning({ checkpoints: host.checkpoints, group: groupId, start });
    const group = { groupId, autocommit: false, partitionAssigner: assignByTopic } as const;
    const times = { sessionTimeout: SESSION, rebalanceTimeout: SESSION, heartbeatInterval: HEARTBEAT };
    const consumer = new client.Consumer({ ...kafkaOptions(config.connection), ...group, ...times });
    tolerateLeaderless(client, consumer);
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
    this.report();
  }

  /**
   * The partitions of this member, which change when others join or leave.
   *
   * @throws Error if none can be read, or if the member must join again
   */
  async partitions(): Promise<ReadonlyMap<string, KafkaPartition>> {
    const { topics, brokers } = await this.#consumer.metadata({
      topics: [...this.#topics],
      forceUpdate: this.#isDue(),
    });
    const isLed: IsLed = (topic, at) => brokers.has(topics.get(topic)?.partitions[at]?.leader ?? -1);
    const counts = this.#topics.map((topic) => topics.get(topic)?.partitionsCount ?? 0);
    while (this.#isStale) {
      this.#isStale = false;
      this.#counts = counts;
      const assigned = this.#assigned((topic) => topics.get(topic)?.id ?? '');
      const led = assigned.filter(({ topic, partition }) => isLed(topic, partition));
      const kept = led.map((partition) => this.#partitions.get(partitionName(partition)) ?? partition);
      await this.#seek(
        kept.filter((partition) => !this.#partitions.has(partitionName(partition))),
        isLed,
      );
      this.#partitions = byName(kept);
      this.#leaderless = byName(assigned.filter((partition) => !led.includes(partition)));
    }
    if (counts.join() !== this.#counts.join()) throw new Error('a topic has more partitions now: joining again');
    this.#checkLeaders(isLed);
    return this.#partitions;
  }

  /** Is it time to look whether a partition has a leader again? */
  #isDue(): boolean {
    const now = this.#host.clock.monotonic();
    if (this.#leaderless.size === 0 || now < this.#lookAt) return false;
    this.#lookAt = now + LOOK;
    return true;
  }

  /** @throws Error if no partition can be read, or if one can be read again */
  #checkLeaders(isLed: IsLed): void {
    if ([...this.#leaderless.values()].some(({ topic, partition }) => isLed(topic, partition)))
      throw new Error('a partition has a leader again: joining again');
    const lost = [...this.#partitions.values()].filter(({ topic, partition }) => !isLed(topic, partition));
    this.#leaderless = new Map([...this.#leaderless, ...byName(lost)]);
    if (this.#leaderless.size > 0 && lost.length === this.#partitions.size) throw new Error(this.#problem());
  }

  /** Reports the partitions without a leader, if the latest error does not name them. */
  report(): void {
    const problem = this.#leaderless.size === 0 ? undefined : this.#problem();
    if (problem !== undefined && problem !== this.#reported) this.#host.moved('running', problem);
    this.#reported = problem;
  }

  /** The latest error is another one now: the next report is made in any case. */
  reportAgain(): void {
    this.#reported = undefined;
  }

  #problem(): string {
    const names = [...this.#leaderless.values()].map(({ topic, partition }) => `${topic}/${partition}`).join(', ');
    return `partitions without a leader are not read until they have one: ${names}`;
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
    // A leader of an earlier version also assigns topics that this member does not read.
    const assigned = (this.#consumer.assignments ?? []).filter(({ topic }) => this.#topics.includes(topic));
    return assigned.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, topicId: idOf(topic), partition, next: 0n })),
    );
  }

  /** Moves partitions to where the group is, or to where it begins. */
  async #seek(partitions: readonly KafkaPartition[], isLed: IsLed): Promise<void> {
    if (partitions.length === 0) return;
    const lost: Lost[] = [];
    for (const [topic, own] of groupByTopic(partitions)) {
      const ends = await this.#endsOf(topic, own[0]?.topicId ?? '', isLed);
      const begin = await this.#beginning.of(ends);
      for (const each of own) {
        const ended = this.#place(each, { ...ends, begin });
        if (ended !== undefined) lost.push(ended);
      }
    }
    // Also a beginning: otherwise a restart before the first message would find another one.
    await this.#commit(partitions.map((each) => ({ ...each, offset: each.next })));
    // Only now: after a failed commit, the next attempt finds them again.
    for (const { count, why } of lost) if (count > 0) this.#host.count('lost', count, why);
    if (lost.length === 0) return;
    throw new MessagesLost(`Kafka has no more what was not read: ${lost.map(({ where }) => where).join('; ')}`);
  }

  async #endsOf(topic: string, id: string, isLed: IsLed): Promise<Ends> {
    const consumer = this.#consumer;
    const count = this.#counts[this.#topics.indexOf(topic)] ?? 0;
    const led = Array.from({ length: count }, (_, at) => at).filter((at) => isLed(topic, at));
    const of = { topics: [topic], partitions: { [topic]: led } };
    const at = async (timestamp: bigint) => (await consumer.listOffsets({ ...of, timestamp })).get(topic);
    const earliest = (await at(EARLIEST)) ?? [];
    const asked = { topic, partitions: [...earliest.keys()] };
    const committed = (await consumer.listCommittedOffsets({ topics: [asked] })).get(topic) ?? [];
    const latest = (await at(LATEST)) ?? []; // last: another member may commit what comes meanwhile
    return {
      topic,
      id,
      earliest,
      latest,
      committed,
      isCommitted: committed.some((offset) => offset >= 0n),
      isPartial: led.length < count,
    };
  }

  /** @returns what Kafka no longer has */
  #place(
    each: KafkaPartition,
    { earliest, latest, committed, begin }: Ends & { readonly begin: readonly bigint[] },
  ): Lost | undefined {
    const { topic, partition } = each;
    const [first = 0n, end = 0n, stored = -1n] = [earliest[partition], latest[partition], committed[partition]];
    const isLost = stored >= 0n && (stored < first || stored > end);
    each.next = isLost ? first : stored >= 0n ? stored : (begin[partition] ?? first);
    if (!isLost) return undefined;
    const ended = stored > end ? `, though the partition ends at ${end}` : '';
    return {
      count: stored < first ? Number(first - stored) : 0,
      why: `${topic}, partition ${partition}: retention removed the offsets from ${stored} to ${first - 1n}`,
      where: `${topic}/${partition} from ${stored}${ended}, it goes on at ${first}`,
    };
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

const byName = (partitions: readonly KafkaPartition[]): ReadonlyMap<string, KafkaPartition> =>
  new Map(partitions.map((partition) => [partitionName(partition), partition]));

function groupByTopic(partitions: readonly KafkaPartition[]): Map<string, KafkaPartition[]> {
  const topics = new Map<string, KafkaPartition[]>();
  for (const each of partitions) topics.set(each.topic, [...(topics.get(each.topic) ?? []), each]);
  return topics;
}
