import type { SourceHost } from '../systems.ts';

/** A topic, and the ends of each of its partitions. */
export interface TopicEnds {
  readonly topic: string;
  readonly id: string;
  readonly earliest: readonly bigint[];
  readonly latest: readonly bigint[];
  /** Has the group committed an offset of any of its partitions? */
  readonly isCommitted: boolean;
  /** Are the ends of some partitions not known, because they have no leader? */
  readonly isPartial?: boolean;
}

/** What is noted when a bridge begins behind the newest records of a topic. */
interface Noted {
  readonly id: string;
  /** By partition: decimal digits. */
  readonly begin: readonly string[];
}

export interface KafkaBeginningParts {
  readonly checkpoints: SourceHost['checkpoints'];
  readonly group: string;
  readonly start: string;
}

/**
 * Where a bridge begins in partitions without a committed offset.
 *
 * `start: newest` is only for the first start of the bridge with a topic. A partition that was added
 * later, a topic that was created again, and a group whose offsets Kafka has forgotten have records
 * that nobody has read.
 */
export class KafkaBeginning {
  readonly #parts: KafkaBeginningParts;

  constructor(parts: KafkaBeginningParts) {
    this.#parts = parts;
  }

  /** The first offset to read, by partition. */
  async of({ topic, id, earliest, latest, isCommitted, isPartial = false }: TopicEnds): Promise<readonly bigint[]> {
    const { checkpoints, group, start } = this.#parts;
    if (start === 'oldest') return earliest;
    const name = `kafka ${group} ${topic}`;
    const noted = await checkpoints.read(name);
    if (noted !== undefined) return continued(JSON.parse(noted), { id, earliest });
    if (isPartial) throw new Error(`the topic "${topic}" has a partition without a leader, so its end is not known`);
    const begin = isCommitted ? earliest : latest;
    await checkpoints.save(name, JSON.stringify({ id, begin: begin.map(String) } satisfies Noted));
    return begin;
  }
}

const continued = ({ id, begin }: Noted, topic: Pick<TopicEnds, 'id' | 'earliest'>): readonly bigint[] =>
  topic.earliest.map((first, at) => {
    const offset = id === topic.id ? BigInt(begin[at] ?? first) : first;
    return offset > first ? offset : first;
  });
