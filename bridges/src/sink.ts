/** The contract of what sends to a broker. */

/** A message for a broker. */
export interface SinkRecord {
  /** `channel/epoch/offset`: the same whenever the message is sent. Deduplication id, where the broker has such a thing. */
  readonly id: string;
  /** Key, ordering key or group: the order of a channel is the order of the broker. */
  readonly channel: string;
  /** Where the message was published, if it is a copy in a bound channel. */
  readonly source?: string | undefined;
  readonly epoch: string;
  /** 1, 2, 3… within the epoch. A gap record has the offset of its last lost message. */
  readonly offset: number;
  readonly event: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** What templates are filled in with. Absent: its own source, event and tags. A record that stands for messages goes where they would. */
  readonly route?: Route;
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly body: Buffer;
}

/** Where a message goes, if a template names its source, its event or its tags. */
export type Route = Pick<SinkRecord, 'source' | 'event' | 'tags'>;

/** The broker has confirmed the record at this index of those that are sent. */
export type OnConfirmed = (at: number) => void;

/** The broker has accepted a record, and does not confirm it: it is not stuck. */
export type OnAccepted = () => void;

/**
 * A sink that is connected. The runner calls one method at a time, except `close`, and `send` of a sink
 * that overlaps.
 *
 * Duties:
 * - `send` passes the records on in their order, behind those of earlier calls, and resolves when the broker has confirmed all of them,
 *   as durably as it can. It rejects if one of them may be missing, also because no queue or stream
 *   accepts it, or if the connection is lost. Then those are sent again, after another `open`, that come
 *   behind the first one which is not confirmed.
 * - It calls `confirmed` for each record, as soon as the broker has confirmed it, in any order. That may
 *   be left out when it resolves at once.
 * - If it confirms nothing one by one, it calls `accepted` for each record instead.
 * - It rejects with `TooLarge` if the broker will never accept a record because of its size, whatever
 *   became of the others. The runner sends a small record instead, after another `open`.
 * - Where the broker can, a record that is sent again is recognised by its id.
 * - No buffer outlives a connection: the log is the buffer.
 */
export interface OpenSink {
  send(records: readonly SinkRecord[], confirmed?: OnConfirmed, accepted?: OnAccepted): Promise<void>;
  /** Aborts with the error that ended the connection, for clients that notice it while nothing is sent. */
  readonly lost?: AbortSignal;
  /** Why the broker confirms nothing at the moment, such as an alarm; `undefined`: it does not say. */
  readonly held?: string | undefined;
  /** Ends the connection, and every `send` that waits. Never rejects. */
  close(): Promise<void>;
}

/** A sink with the client of its broker, which is loaded and not connected. */
export interface Sink {
  /** Begins the names of the attributes of a CloudEvent in headers, such as `ce_`. */
  readonly attributePrefix: string;
  /**
   * May `send` be called while the broker has not confirmed earlier records? Otherwise it gets up to
   * `inFlight` records at once, and the next ones when these are confirmed.
   */
  readonly overlaps?: boolean;
  /**
   * Does the broker forget soon what it has confirmed, or have no order to lose? Then a record that it
   * has confirmed is left out when others of its batch are sent again.
   */
  readonly skipsConfirmed?: boolean;
  /** Connects. Rejects within some seconds if the broker is away; the message has no secrets. */
  open(): Promise<OpenSink>;
}
