/** Where a message came from, for sources outside of the gateway that deliver it again after a crash. */

/**
 * The position of a message in a partition of a source, such as an offset in a Kafka partition.
 *
 * An engine stores, for each channel, the highest position that was appended from each partition of
 * each source, in the same atomic step as the append. An append at this position or below it is a
 * repeat. So a message is appended once however often it is delivered, and one record is enough.
 */
export interface SourcePosition {
  /** Names the source: the same in every run. */
  readonly name: string;
  /** Names the partition: a sequence whose positions only grow. */
  readonly partition: string;
  /** Decimal digits. Positions are compared first by length and then as text. */
  readonly position: string;
}

/** How long an engine remembers a position after the latest append, in milliseconds: 30 days. */
export const SOURCE_KEPT = 30 * 86_400_000;

/** Is a position at another one or below it? */
export const isReached = (reached: string, position: string): boolean =>
  position.length === reached.length ? position <= reached : position.length < reached.length;

/** Names the record of a source within a channel. It differs from every idempotency key. */
export const sourceKey = ({ name, partition }: SourcePosition): string => `source ${name.length} ${name} ${partition}`;
