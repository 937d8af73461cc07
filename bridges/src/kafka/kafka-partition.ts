/** A partition that this member of the group reads. */
export interface KafkaPartition {
  readonly topic: string;
  /** A topic that was deleted and created again has another id, and counts from 0. */
  readonly topicId: string;
  readonly partition: number;
  /** The offset to read next. */
  next: bigint;
}

/** Names a partition for ever: it is stored with every message. */
export const partitionName = ({ topicId, partition }: Pick<KafkaPartition, 'topicId' | 'partition'>): string =>
  `${topicId} ${partition}`;
