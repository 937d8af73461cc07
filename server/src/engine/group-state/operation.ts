import type { Position } from '@sluice/protocol';
import type { DeadLetter, GroupGap, GroupOptions } from '../groups.ts';
import type { LoggedMessage } from '../logged-message.ts';
import type { Entry, EntryRecord } from './entry.ts';

/** The log of a group's channel during one operation. */
export interface GroupLog {
  readonly epoch: string;
  readonly head: number;
  /** Offset of the oldest message that it holds; `head + 1`: it holds none. */
  readonly first: number;
  /** Offset up to which messages were purged; 0: none were. */
  readonly purged: number;
  /** @param offset from `first` to `head` */
  at(offset: number): LoggedMessage;
}

/** When an operation happens. */
export interface Moment {
  /** For durations, in milliseconds. */
  readonly now: number;
  /** Milliseconds since the Unix epoch, for time stamps. */
  readonly time: number;
  /** Time by `AgeClock`: which messages have expired. */
  readonly age: number;
}

/** One operation: on which log, by which rule, when. */
export interface Operation {
  readonly log: GroupLog;
  readonly options: GroupOptions;
  readonly at: Moment;
}

/** Everything that a group knows; the rest is derived from it. */
export interface GroupRecord {
  readonly position: Position;
  /** In ascending order of offsets. */
  readonly entries: readonly EntryRecord[];
  readonly letters: readonly DeadLetter[];
  /** Ordinal of the latest dead letter. */
  readonly ordinal: number;
  /** Gaps that are not confirmed. */
  readonly gaps?: readonly GroupGap[];
  /** What claims must carry; absent: nothing. */
  readonly fence?: string | undefined;
}

/** Notified of each change, to store it. */
export interface GroupObserver {
  /** The record of this entry has changed. */
  entry(entry: Entry): void;
  /** A dead letter was added or, with `null`, removed. */
  letter(ordinal: number, letter: DeadLetter | null): void;
}

/** What `GroupState` needs besides a record. */
export interface GroupSurroundings {
  /** A random number from 0 to 1, for the backoff. */
  readonly vary?: () => number;
  readonly observer?: GroupObserver | undefined;
}

/** A group without entries at a position. */
export const groupAt = (position: Position): GroupRecord => ({ position, entries: [], letters: [], ordinal: 0 });
