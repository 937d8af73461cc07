import type { NowOrLater } from '../util/now-or-later.ts';

/** One change of a keyed log. */
export interface KeyedChange<Value> {
  readonly key: string;
  /** The new value; `null`: the key was removed. */
  readonly value: Value | null;
  /** Grows with every change of its channel. */
  readonly version: number;
}

/** Number and size of a channel's values at one moment. */
export interface KeyedSummary {
  /** Version of the latest change that is included. */
  readonly version: number;
  readonly total: number;
  /** Bytes of all values. */
  readonly bytes: number;
}

/**
 * A keyed, compacted log: it keeps only the latest value of each key. It can be summarized and
 * listed; `Page` is its own type of list.
 */
export interface KeyedSource<Page extends KeyedSummary> {
  summary(channel: string): NowOrLater<KeyedSummary>;
  /** The first `limit` values of the channel. */
  list(channel: string, limit: number): NowOrLater<Page>;
  /** Starts announcing a channel's changes. Absent if the source always announces all changes. */
  watch?(channel: string): void;
  unwatch?(channel: string): void;
}

/** The part of a rule that concerns a keyed log. */
export interface KeyedRule {
  /** Minimum milliseconds between two announcements. */
  readonly interval: number;
  /** Maximum number of values that subscribers receive. Above it they receive only the count. */
  readonly listUpTo: number;
}
