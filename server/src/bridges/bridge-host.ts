/** What the gateway and the package `@sluice/bridges` expect from each other. */

import type { Draft, ErrorName, Message, PublishResult } from '@sluice/protocol';
import type { BridgeConfig } from '../bridge.ts';
import type { Clock } from '../util/clock.ts';

/** A message for a channel. */
export interface InboundMessage {
  readonly channel: string;
  readonly draft: Omit<Draft, 'key' | 'if'>;
  /**
   * What makes it appear once: its position in a partition of the source, whose positions only grow
   * (decimal digits, compared by length and then as text), or an id, which is remembered for the
   * bridge's `dedupe`.
   */
  readonly once: { readonly partition: string; readonly position: string } | { readonly id: string };
  /**
   * Bytes that `data` arrived in, with the quotes of a text: spares measuring a message that is surely
   * small enough. Absent: it is measured.
   */
  readonly arrived?: number;
}

/** A message was not published. */
export interface RefusedMessage {
  readonly error: ErrorName;
  readonly detail: string;
  /** Will it be accepted later? If so, no later message of its channel was published either. */
  readonly retryable: boolean;
}

export type InboundOutcome = { readonly result: PublishResult } | { readonly refused: RefusedMessage };

/** A message of a channel, to be sent to the broker. */
export interface Outbound {
  readonly epoch: string;
  readonly message: Message;
}

/** Messages that the log lost before they were sent. */
export interface OutboundGap {
  readonly reason: string;
  readonly from: { readonly epoch: string; readonly offset: number };
  readonly to: { readonly epoch: string; readonly offset: number };
}

/** What the channel has next for the broker: a gap comes before the messages. */
export interface OutboundBatch {
  readonly gaps: readonly OutboundGap[];
  readonly messages: readonly Outbound[];
}

/** Why an acknowledgement waits, for an operator; `undefined`: it goes on. */
export type OnWait = (reason: string | undefined) => void;

/** The messages of a channel that were not acknowledged, in order. */
export interface OutboundFeed {
  /**
   * Waits for messages or a gap, and returns what follows the latest batch. An empty batch: the feed
   * was finished.
   *
   * @param most maximum number of messages
   * @param longest maximum characters of the messages as JSON, unless the first one has more
   * @throws Error if the feed has ended otherwise. What it returned before can still be acknowledged
   */
  next(most: number, longest?: number): Promise<OutboundBatch>;
  /**
   * The broker has confirmed the earliest batch that is not acknowledged. Called for one batch after
   * the other. While the engine is away it waits, until the feed is closed.
   *
   * @param dead offsets of messages that it will never accept, and why: they become dead letters
   * @param first how many of its gaps and messages, from the beginning; default: all. With fewer, nothing else of
   *   this feed is acknowledged
   * @returns how many of `dead` are lost, because the list of dead letters is full
   * @throws FeedLost if another node sends the messages now
   */
  acknowledge(dead?: ReadonlyMap<number, string>, first?: number): Promise<number>;
  /** `next` returns nothing more. What it returned before can still be acknowledged. */
  finish(): void;
  /** Everything that was not acknowledged is in the next feed. */
  close(): void;
}

/** What happened in a bridge. `dead_lettered`: messages that the other side refused for good. `lost`: messages that the broker had, and that were not read in time, or that it refused while the list of dead letters was full. */
export type BridgeOutcome = 'published' | 'sent' | 'dead_lettered' | 'skipped' | 'returned' | 'gap' | 'lost';

/**
 * Where an inbound bridge continues, for brokers that do not store it. A checkpoint may be older than
 * the latest message: the engine recognises what it has.
 */
export interface Checkpoints {
  /** The latest checkpoint of a partition; `undefined`: there is none. Rejects while the engine is away. */
  read(partition: string): Promise<string | undefined>;
  /**
   * Saves the first one of a partition.
   *
   * @returns `false`: there is one already, of another node
   */
  create(partition: string, checkpoint: string): Promise<boolean>;
  /** Replaces it. Rejects while the engine is away. */
  save(partition: string, checkpoint: string): Promise<void>;
}

/** What a bridge may do in the gateway. */
export interface BridgeHost {
  readonly clock: Clock;
  /** Varies waits: from 0 to 1. */
  readonly random: () => number;
  /**
   * Names this gateway or cluster: the `origin` of the configuration, or a name that the engine keeps,
   * so that it is the same on all nodes. Known once the bridge runs.
   */
  origin(): string;
  /** The channels that get a copy of each message of a channel. */
  copiesOf(channel: string): readonly string[];
  /** The most bytes that `data` of a message may have in any channel. */
  maxPayload(): number;
  /**
   * Publishes messages in the name of the bridge. Messages of one channel are appended in their order.
   * With `poison: stop`, no message is published that comes after one that is refused for good.
   *
   * @returns an outcome for each message, in order
   */
  publish(messages: readonly InboundMessage[]): Promise<readonly InboundOutcome[]>;
  readonly checkpoints: Checkpoints;
  /**
   * Opens the feed of an outbound bridge, from the first message that was not acknowledged.
   *
   * @param onWait called when an acknowledgement begins to wait for the engine, and when it goes on
   */
  openFeed(onWait?: OnWait): Promise<OutboundFeed>;
  /**
   * Counts messages.
   *
   * @param why for an operator: which messages, and what was wrong; without secrets and payloads
   */
  count(outcome: BridgeOutcome, count: number, why?: string): void;
  /**
   * The state has changed.
   *
   * @param error why, for an operator; without secrets and payloads
   */
  moved(state: BridgeState, error?: string, failure?: BridgeFailure): void;
}

/** More about why the state of a bridge has changed. */
export interface BridgeFailure {
  /** Is it over when the bridge runs again? Then its status no longer shows it. Default: true. */
  readonly isOver?: boolean;
  /** The error for the log, if the other one may repeat a part of a message, such as the name of a field. */
  readonly logged?: string;
}

/**
 * - `standby`: another node runs the bridge
 * - `connecting`: to the broker
 * - `running`
 * - `holding`: the gateway accepts no messages at the moment, or its engine does not answer
 * - `waiting`: the connection failed, and is tried again later
 * - `failed`: stopped for good, until the gateway restarts
 * - `stopped`: with the gateway
 */
export type BridgeState = 'standby' | 'connecting' | 'running' | 'holding' | 'waiting' | 'failed' | 'stopped';

/** A bridge with the client of its broker, which is not connected yet. */
export interface Bridge {
  /** May it run on every node at once? Otherwise it runs on the one that holds its lease. */
  readonly spreads?: boolean;
  /**
   * Runs until the signal aborts, and finishes what it has begun. Resolves when nothing of it is left.
   *
   * @param lost aborts, as the signal does, when another node may run the bridge: then nothing is finished
   */
  run(signal: AbortSignal, lost?: AbortSignal): Promise<void>;
}

/** The package `@sluice/bridges`. */
export interface BridgesPackage {
  /**
   * Loads the client of the broker.
   *
   * @throws Error that names the command to install it
   */
  loadBridge(config: BridgeConfig, host: BridgeHost): Promise<Bridge>;
}
