/** The contract of what reads from a broker. */

/** A message of a broker. */
export interface SourceRecord {
  /**
   * What makes the message the same when it is delivered again. A position: decimal digits that only
   * grow within the partition, compared by length and then as text. Or an id that the broker or the
   * producer chose; `null`: it has none, so the message is poison.
   */
  readonly once: { readonly partition: string; readonly position: string } | { readonly id: string | null };
  /** Its position as the broker writes it, if that is another text. */
  readonly place?: string;
  /** The topic, stream or queue. */
  readonly topic: string;
  /** The routing key, or the subject; as `topic` if the broker has none. */
  readonly subject: string;
  /** The key or the ordering key, if there is one. */
  readonly key: string | undefined;
  /** By name, as the broker has it. Values that are not text are given as text. */
  readonly headers: Readonly<Record<string, string>>;
  /** The event and the tags that the record has of its own, for bridges whose `to` names none. */
  readonly event?: string | undefined;
  readonly tags?: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Has it no body at all, which stands for `null`? */
  readonly isTombstone?: boolean;
  /** Why it is no message, in whatever format the bridge expects: then it is poison. */
  readonly fault?: string;
}

/**
 * A source that is connected. The runner calls one method at a time, except `close`, and `read`, which
 * it calls while an `acknowledge` of earlier records is on its way.
 *
 * Duties:
 * - A record is returned once per connection, and those of a partition in the order of the broker.
 * - What was returned and not acknowledged is returned again after the next `open`, before later records.
 * - Nothing is acknowledged before `acknowledge`, and nothing buffered that was not asked for, beyond a
 *   bounded number of records.
 * - A method rejects when the connection is lost. Then the runner closes the source, and opens another
 *   one after a backoff. A source does not reconnect by itself.
 */
export interface OpenSource {
  /** Does nobody deliver again what was not acknowledged? Then what is not published is counted as lost. */
  readonly forgets?: boolean;
  /**
   * Waits for records. It may return none, and is called again.
   *
   * @param most maximum number of records
   */
  read(most: number): Promise<readonly SourceRecord[]>;
  /** The log has these records, and all that were read before: the broker need not deliver them again. */
  acknowledge(records: readonly SourceRecord[]): Promise<void>;
  /**
   * The gateway accepts no messages at the moment: keeps the broker from delivering these records
   * again. Called every few seconds. The status of the bridge has no other error afterwards: a source
   * whose problem lasts reports it again at the next `read`. Left out by a source without either duty.
   */
  hold?(records: readonly SourceRecord[]): Promise<void>;
  /** Ends the connection, and a `read` that waits. Never rejects. */
  close(): Promise<void>;
}

/** A source with the client of its broker, which is loaded and not connected. */
export interface Source {
  /**
   * May several nodes read at the same time, because the broker gives each its own part and keeps the
   * order within it? Otherwise the node that holds the lease of the bridge reads.
   */
  readonly spreads?: boolean;
  /** Connects. Rejects within some seconds if the broker is away; the message has no secrets. */
  open(): Promise<OpenSource>;
}
