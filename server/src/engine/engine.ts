import type { ErrorName, Message, PublishResult } from '@sluice/protocol';
import type { LoggedMessage } from './logged-message.ts';
import type { PresenceStore } from './presence.ts';
import type { Revocation, RevocationStore } from './revocations.ts';

/** How long a log keeps messages: whichever bound is reached first. `null`: it keeps none. */
export type Retention = { readonly count: number /** Milliseconds. */; readonly age: number } | null;

/** A message before the log has given it its offset. */
export type Entry = Omit<Message, 'offset'>;

export interface AppendOptions {
  readonly retention: Retention;
  /** Idempotency key, already made unique to its user. */
  readonly key?: string;
  /** Milliseconds for which the key is remembered. */
  readonly window: number;
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
}

/**
 * The engine cannot be reached: the operation was not carried out, and may be tried again. Where the engine is elsewhere and its answer was lost, an
 * operation may have been carried out all the same: an append that is tried again with its key appends once.
 */
export class EngineUnavailable extends Error {
  override readonly name: string = 'EngineUnavailable';
  /** What whoever asked is told. */
  readonly error: ErrorName = 'unavailable';
}

/** The engine has no room for more: it refuses what would be kept, and goes on reading. */
export class EngineFull extends EngineUnavailable {
  override readonly name = 'EngineFull';
  override readonly error = 'storage_full';
}

/**
 * The logs of all channels.
 *
 * Answers come at once where the engine can (memory), or as a promise: callers must take both, so that nothing on the memory
 * engine's hot path waits. A promise that rejects, with `EngineUnavailable`, means that
 * the operation was not carried out.
 */
export interface Log {
  /**
   * Appends an entry: position, storage and announcement are one atomic step per channel, so that announcements come in the
   * order of offsets. An append whose key is still remembered appends nothing and answers with the first one's result. Where an append is
   * refused, those to the same channel that were handed over behind it, before its refusal was told, are refused as well: none overtakes it.
   */
  append(channel: string, entry: Entry, options: AppendOptions): PublishResult | Promise<PublishResult>;
  /**
   * Reads at most `limit` messages with an offset greater than `after`, the oldest first. Where the log no longer reaches back to `after`, it
   * starts at the oldest it has; the caller sees that by `first`.
   */
  read(channel: string, after: number, limit: number): Page | Promise<Page>;
  /** Finds the offset of the last message older than `time` (milliseconds since the Unix epoch): reading after it begins there. */
  seek(channel: string, time: number): number | Promise<number>;
  /** This node got its first cursor on the channel: from now on its messages are announced here, and its epoch is kept. */
  watch(channel: string): void | Promise<void>;
  /** This node lost its last cursor on the channel. */
  unwatch(channel: string): void;
}

/** Hears every message of every watched channel, in the order of offsets, local publishes included. */
export type Deliver = (channel: string, epoch: string, message: LoggedMessage) => void;

/** What one node has to tell all nodes. */
export type Signal =
  | { readonly type: 'revoke'; readonly revocation: Revocation }
  /** The node of this name sends its clients elsewhere and stops. */
  | { readonly type: 'drain'; readonly node: string };

/** What an engine tells its gateway. */
export interface EngineListener {
  readonly deliver: Deliver;
  /**
   * The feed of a watched channel was interrupted and works again: announcements may have been missed, and nobody knows
   * whether. Only the log can tell.
   */
  interrupted?(channel: string): void;
  /** A node, perhaps this one, signals to all. Tells revocations again where some may have been missed. */
  signal?(signal: Signal): void;
  /** Something that works, and should be set up differently: in words for an operator. */
  warn?(advice: string): void;
}

/** Where logs, members and revocations live. */
export interface Engine {
  readonly name: string;
  readonly log: Log;
  readonly presence: PresenceStore;
  readonly revocations: RevocationStore;
  /** Why it cannot carry out operations at the moment, in words for an operator; `undefined` while it can. Asked by `/health/ready`. */
  readonly trouble?: string | undefined;
  /** Must be called once, before anything else. Rejects when the engine cannot be used; the error says what to do. */
  start(listener: EngineListener): void | Promise<void>;
  /** Tells all nodes, this one included. Rejects with `EngineUnavailable` when they cannot be reached. */
  signal(signal: Signal): void | Promise<void>;
  /** Finishes what was promised and gives back everything: connections, files, timers. Nothing is called after it. */
  close(): void | Promise<void>;
}
