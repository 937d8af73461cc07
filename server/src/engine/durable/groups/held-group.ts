import type { Entry } from '../../group-state/entry.ts';
import { GroupState } from '../../group-state/group-state.ts';
import { type GroupRecord, groupAt } from '../../group-state/operation.ts';
import type { DeadLetter, GroupOptions } from '../../groups.ts';
import type { Change, Store } from '../store.ts';
import {
  decodeEntry,
  decodeGroup,
  decodeLetter,
  encodeEntry,
  encodeGroup,
  encodeLetter,
  type GroupKeys,
  type GroupRow,
} from './group-rows.ts';

const ALL = Number.MAX_SAFE_INTEGER;
/** The time of the latest use is written down when it has changed by this part of the time until expiry. */
const NOTED = 0.1;

type Position = Pick<GroupRow, 'epoch' | 'offset'>;

/** A group in memory, which knows which of its rows differ from those on disk. */
export class HeldGroup {
  readonly #keys: GroupKeys;
  #entries = new Set<Entry>();
  #letters = new Map<number, DeadLetter | null>();
  /** The row on disk; `undefined` if there is none. */
  #row: GroupRow | undefined;
  readonly state: GroupState;
  /** Number of its channel. */
  readonly channel: number;
  readonly name: string;
  start: GroupRow['start'];
  expires: number | null;
  /** When a consumer used it, for its expiry. */
  used: number;
  /** When anything used it, for its place in memory. */
  touched = 0;
  /** An operation failed half-way: it must be read from disk again. */
  isBroken = false;

  private constructor(names: { channel: number; name: string; keys: GroupKeys }, record: GroupRecord, row?: GroupRow) {
    this.channel = names.channel;
    this.name = names.name;
    this.#keys = names.keys;
    this.#row = row;
    this.start = row?.start ?? null;
    this.expires = row?.expires ?? null;
    this.used = row?.used ?? 0;
    this.state = new GroupState(record, {
      observer: {
        entry: (entry) => this.#entries.add(entry),
        letter: (ordinal, letter) => this.#letters.set(ordinal, letter),
      },
    });
  }

  /** Reads a group; `undefined` if there is none. */
  static read(store: Store, names: { channel: number; name: string; keys: GroupKeys }): HeldGroup | undefined {
    const { keys } = names;
    const value = store.get('groups', keys.group);
    if (value === undefined) return undefined;
    const row = decodeGroup(value);
    const rows = <T>(bounds: { start: Buffer; end: Buffer }, decode: (value: Buffer) => T): T[] =>
      Array.from(store.rows('groups', { ...bounds, limit: ALL }), ({ value }) => decode(value));
    const record = {
      position: { epoch: row.epoch, offset: row.offset },
      entries: rows(keys.entries, decodeEntry),
      letters: rows(keys.letters, decodeLetter),
      ordinal: row.ordinal,
      ...(row.gaps && { gaps: row.gaps }),
      fence: row.fence,
    };
    return new HeldGroup(names, record, row);
  }

  /** A new group at a position. */
  static create(names: { channel: number; name: string; keys: GroupKeys }, position: Position): HeldGroup {
    return new HeldGroup(names, groupAt(position));
  }

  use({ start, expires }: GroupOptions, now: number): void {
    this.start = start;
    this.expires = expires;
    this.used = now;
  }

  /** Writes the rows that have changed. */
  save(put: (change: Change) => void): void {
    for (const entry of this.#entries) {
      const record = entry.record();
      const value = record === null ? null : encodeEntry(record);
      put({ table: 'groups', key: this.#keys.entry(entry.offset), value });
    }
    for (const [ordinal, letter] of this.#letters) {
      const value = letter === null ? null : encodeLetter(letter);
      put({ table: 'groups', key: this.#keys.letter(ordinal), value });
    }
    // Not cleared: a set that is cleared keeps its tables alive; see `ChurningMap`.
    this.#entries = new Set();
    this.#letters = new Map();
    this.#saveRow(put);
  }

  #saveRow(put: (change: Change) => void): void {
    const { position, ordinal, gaps, fence } = this.state;
    const { name: group, start, expires, used } = this;
    const row = {
      ...{ group, ...position, ordinal, start, expires, used },
      ...(gaps.length > 0 && { gaps: [...gaps] }),
      ...(fence !== undefined && { fence }),
    };
    if (this.#row !== undefined && !isChanged(this.#row, row)) return;
    this.#row = row;
    put({ table: 'groups', key: this.#keys.group, value: encodeGroup(row) });
  }
}

function isChanged(before: GroupRow, after: GroupRow): boolean {
  if (before.gaps !== after.gaps && JSON.stringify(before.gaps) !== JSON.stringify(after.gaps)) return true;
  const isNoted = after.expires === null || after.used - before.used < NOTED * after.expires;
  return (
    !isNoted ||
    (['epoch', 'offset', 'ordinal', 'start', 'expires', 'fence'] as const).some(
      (field) => before[field] !== after[field],
    )
  );
}
