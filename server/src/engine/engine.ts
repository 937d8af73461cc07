import type { ErrorName, ExpectedHead, Message, Position, PublishResult } from '@sluice/protocol';
import type { ChannelNames } from './channel-names.ts';
import type { GroupStore, QueueBounds } from './groups.ts';
import type { LoggedMessage } from './logged-message.ts';
import type { Nodes } from './nodes.ts';
import type { PresenceStore } from './presence.ts';
import type { Revocation, RevocationStore } from './revocations.ts';
import type { SourcePosition } from './source-position.ts';

export type { ChannelNames };

/** How long a log keeps messages: the stricter bound applies. `null`: it keeps none. */
export type Retention = { readonly count: number /** Milliseconds. */; readonly age: number } | null;

/** The retention of a queue, whose messages leave the log by being settled. */
export const UNTIL_SETTLED: Retention = { count: Number.MAX_SAFE_INTEGER, age: Number.MAX_SAFE_INTEGER };

/** A message before the log has given it its offset. */
export type Entry = Omit<Message, 'offset'>;

export interface AppendOptions {
  readonly retention: Retention;
  /** Idempotency key, already made unique to its user. */
  readonly key?: string;
  /** Milliseconds for which the key is remembered, from the time of the entry. */
  readonly window: number;
  /** A remembered key is remembered for another window, from the time of this entry: its publish is not complete yet. */
  readonly renews?: true;
  /** Where the message came from: an append at a position that was reached appends nothing. Not together with `key`. */
  readonly source?: SourcePosition;
  /** The channel is a queue; its retention is `UNTIL_SETTLED`. If it is full, the append is refused with `QueueFull`. */
  readonly queue?: QueueBounds;
  /** Where the head must be. Absent: anywhere. */
  readonly expected?: ExpectedHead;
  /** Appended in the same step: all of them, or nothing. Only for logs whose `copies` is true; none of them is a queue. */
  readonly copies?: readonly Copy[];
}

/** A copy of a message for another channel. The log adds its `origin`. */
export interface Copy {
  readonly channel: string;
  readonly entry: Omit<Entry, 'origin'>;
  readonly options: Pick<AppendOptions, 'retention' | 'window'>;
}

/** A stretch of a channel's log. */
export interface Page {
  readonly epoch: string;
  /** Offset of the newest message ever appended in this epoch; 0 when there was none. */
  readonly head: number;
  /** Offset of the oldest message that the log still holds; `head + 1` when it holds none. */
  readonly first: number;
  /** In the order of their offsets, without holes. */
  readonly messages: readonly LoggedMessage[];
  /** Offset up to which messages were purged in this epoch; absent: none were. */
  readonly purged?: number;
}

/**
 * The engine is unreachable: the operation was not executed and may be retried. If the answer of a
 * remote engine was lost, the operation may have been executed; an append that is retried with its
 * key appends once.
 */
export class EngineUnavailable extends Error {
  override readonly name: string = 'EngineUnavailable';
  /** The text for the caller. */
  readonly error: ErrorName = 'unavailable';
}

/** The engine refuses this gateway until an operator changes its configuration: waiting does not help. */
export class EngineMisconfigured extends EngineUnavailable {
  override readonly name = 'EngineMisconfigured';
}

/** The engine has no space: it refuses writes and continues to read. */
export class EngineFull extends EngineUnavailable {
  override readonly name = 'EngineFull';
  override readonly error = 'storage_full';
}

/** The queue has reached its `maxLength`: it refuses appends until messages are settled. */
export class QueueFull extends EngineUnavailable {
  override readonly name = 'QueueFull';
  override readonly error = 'queue_full';
}

/** The head of the log is not where the append expects it: nothing was appended. */
export class HeadMoved extends EngineUnavailable {
  override readonly name = 'HeadMoved';
  override readonly error = 'conflict';
  readonly head: Position;

  constructor(head: Position) {
    super(`the head of the log is at offset ${head.offset} in epoch "${head.epoch}"`);
    this.head = head;
  }
}

/** @throws HeadMoved unless the head is where it is expected */
export function checkHead(head: Position, { epoch, offset }: ExpectedHead): void {
  if (head.offset !== offset || (epoch !== undefined && epoch !== head.epoch)) throw new HeadMoved(head);
}

/**
 * The logs of all channels.
 *
 * Methods return a value (memory) or a promise. Callers must handle both, so that the hot path of
 * the memory engine never awaits. A rejection with `EngineUnavailable` means that the operation was
 * not executed.
 */
export interface Log {
  /** Does `append` accept `copies`? Without it, the caller appends them one after the other. Known after the start. */
  readonly copies?: boolean | undefined;
  /**
   * Appends an entry. Position, storage and announcement are one atomic step per channel, so
   * announcements are in the order of offsets. An append whose key is remembered appends nothing
   * and returns the first result. If an append is refused, later appends to the channel that were
   * submitted before the refusal was known are refused too: none overtakes it. Redis keeps this for
   * queues and sources. For other appends it does not if its memory is full and some becomes free
   * while they are on their way.
   *
   * An append with an expected head appends only if the head is there, in the same atomic step;
   * otherwise it is refused with `HeadMoved`, alone. A remembered key is answered first.
   *
   * An append with a source whose position was reached appends nothing, and returns the result of the
   * latest append from that partition. The position is stored in the same atomic step as the append,
   * as durably as the message, and for at least `SOURCE_KEPT`.
   */
  append(channel: string, entry: Entry, options: AppendOptions): PublishResult | Promise<PublishResult>;
  /**
   * Reads at most `limit` messages with an offset greater than `after`, oldest first. If the log no
   * longer reaches back to `after`, the page starts at the oldest message; `first` tells the
   * caller.
   */
  read(channel: string, after: number, limit: number): Page | Promise<Page>;
  /**
   * Finds the offset of the last message older than `time` (milliseconds since the Unix epoch):
   * reading after it starts there.
   */
  seek(channel: string, time: number): number | Promise<number>;
  /**
   * Removes all messages up to an offset, for good. Later reads report them as purged. The head stays:
   * the next message gets the offset that it would have got.
   */
  purge?(channel: string, upTo: number): void | Promise<void>;
  /** Bytes of the messages that the log holds, as JSON. Engines whose logs do not count them use `estimateBytes`. */
  bytes?(channel: string): number | Promise<number>;
  /**
   * The channels whose log may hold messages, in the order of their names, from this name on. It looks
   * at `most` logs. Logs of the gateway itself are included. Absent: the engine has no list of its logs.
   */
  channels?(from: string, most: number): ChannelNames | Promise<ChannelNames>;
  /**
   * The channel got its first cursor on this node: from now on its messages are announced here, and
   * its epoch is kept.
   */
  watch(channel: string): void | Promise<void>;
  /** The channel lost its last cursor on this node. */
  unwatch(channel: string): void;
}

/** Receives every message of every watched channel in the order of offsets, including local publishes. */
export type Deliver = (channel: string, epoch: string, message: LoggedMessage) => void;

/** What one node announces to all nodes. */
export type Signal =
  | { readonly type: 'revoke'; readonly revocation: Revocation }
  /** The node with this name drains and stops. */
  | { readonly type: 'drain'; readonly node: string };

/** What an engine reports to its gateway. */
export interface EngineListener {
  readonly deliver: Deliver;
  /**
   * The feed of a watched channel was interrupted and works again. Announcements may have been missed; only the log can
   * tell.
   */
  interrupted?(channel: string): void;
  /** A node, perhaps this one, signals all nodes. Revocations are repeated if some may have been missed. */
  signal?(signal: Signal): void;
  /** Advice for an operator: something works, but should be configured differently. */
  warn?(advice: string): void;
}

/** Stores logs, members and revocations. */
export interface Engine {
  readonly name: string;
  readonly log: Log;
  readonly presence: PresenceStore;
  readonly revocations: RevocationStore;
  /** Absent: the engine has no consumer groups, and a configuration that needs them is refused at start. */
  readonly groups?: GroupStore;
  /** Messages between nodes. Absent: requests are answered only by responders of the same node. */
  readonly nodes?: Nodes;
  /**
   * Why the engine cannot execute operations at the moment, for an operator; `undefined` while it
   * can. `/health/ready` shows it.
   */
  readonly trouble?: string | undefined;
  /**
   * May a start that was rejected with `EngineUnavailable` be repeated? Until one succeeds, operations
   * are refused with `EngineUnavailable`.
   */
  readonly startsLater?: boolean;
  /** Are all members lost when the engine ends, although the logs are kept? Known after the start. */
  readonly forgetsMembers?: boolean | undefined;
  /** Must succeed once, before any other method. Rejects if the engine cannot be used; the error says what to do. */
  start(listener: EngineListener): void | Promise<void>;
  /** Signals all nodes, including this one. Rejects with `EngineUnavailable` if they are unreachable. */
  signal(signal: Signal): void | Promise<void>;
  /** Finishes accepted operations and releases connections, files and timers. No method is called after it. */
  close(): void | Promise<void>;
}
