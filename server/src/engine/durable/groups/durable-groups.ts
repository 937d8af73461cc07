import type { Position } from '@sluice/protocol';
import { AgeClock } from '../../../util/age-clock.ts';
import type { Clock } from '../../../util/clock.ts';
import { EngineUnavailable, QueueFull } from '../../engine.ts';
import type { GroupState } from '../../group-state/group-state.ts';
import { makeRoom } from '../../group-state/make-room.ts';
import type { Moment, Operation } from '../../group-state/operation.ts';
import type {
  Claim,
  Claimable,
  ClaimRequest,
  DeadPage,
  GroupGap,
  GroupOptions,
  GroupRef,
  GroupStats,
  GroupStore,
  Outcome,
  QueueBounds,
  Settled,
} from '../../groups.ts';
import type { Batch } from '../batch.ts';
import type { BatchLog } from '../batch-log.ts';
import type { Write } from '../durable-revocations.ts';
import type { ChannelRecord } from '../records.ts';
import type { Store } from '../store.ts';
import { decodeGroup, type GroupRow, groupsOf, keysOf } from './group-rows.ts';
import { HeldGroup } from './held-group.ts';

export interface DurableGroupsOptions {
  readonly clock: Clock;
  /** The open store. */
  readonly store: () => Store;
  readonly write: Write;
}

const NO_LETTERS: DeadPage = { letters: [], total: 0 };
/** Milliseconds without use after which a group is no longer held in memory. */
const HELD = 60_000;
/** Groups of a channel that one step of the sweep looks at. */
const MOST_GROUPS = 10_000;
const ALL = Number.MAX_SAFE_INTEGER;

/** Names of channels contain no space. */
const keyOf = ({ channel, group }: GroupRef): string => `${channel} ${group}`;

/**
 * Consumer groups on disk. An operation is a job of the writer, like an append: it is decided against
 * the state of the latest transaction, and what it has changed is written in the next one. So claims
 * survive a restart, too. Used groups are held in memory; what a failed write has changed there is
 * read from disk again.
 */
export class DurableGroups implements GroupStore {
  readonly #options: DurableGroupsOptions;
  readonly #clock: Clock;
  readonly #age: AgeClock;
  readonly #held = new Map<string, HeldGroup>();
  /** Groups with consumers, by channel. */
  readonly #watched = new Map<string, Set<string>>();
  #any = false;
  #claimable: Claimable = () => {};

  constructor(options: DurableGroupsOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#age = new AgeClock(options.clock);
  }

  start(claimable: Claimable): void {
    this.#claimable = claimable;
  }

  watch({ channel, group }: GroupRef): void {
    const groups = this.#watched.get(channel);
    if (groups === undefined) this.#watched.set(channel, new Set([group]));
    else groups.add(group);
  }

  unwatch({ channel, group }: GroupRef): void {
    const groups = this.#watched.get(channel);
    if (groups?.delete(group) === true && groups.size === 0) this.#watched.delete(channel);
  }

  isWatched({ channel, group }: GroupRef): boolean {
    return this.#watched.get(channel)?.has(group) === true;
  }

  async fence(ref: GroupRef, options: GroupOptions, fence: string): Promise<void> {
    await this.#operate(ref, options, (state, { log }) => state.setFence(log, fence));
    this.#announce(ref);
  }

  claim(ref: GroupRef, options: GroupOptions, request: ClaimRequest): Promise<Claim> {
    return this.#operate(ref, options, (state, operation) => state.claim(operation, request));
  }

  async settle(ref: GroupRef, options: GroupOptions, ids: readonly string[], outcome: Outcome): Promise<Settled> {
    const settled = await this.#operate(ref, options, (state, operation) => state.settle(operation, ids, outcome));
    if (outcome.type !== 'extend') this.#announce(ref);
    return settled;
  }

  async seek(ref: GroupRef, options: GroupOptions, offset: number): Promise<Position> {
    const position = await this.#operate(ref, options, (state, { log }) => state.seek(log, offset));
    this.#announce(ref);
    return position;
  }

  async redrive(ref: GroupRef, options: GroupOptions, ordinals: readonly number[] | null): Promise<number> {
    const redriven = await this.#operate(ref, options, (state, operation) => state.redrive(operation, ordinals));
    this.#announce(ref);
    return redriven;
  }

  stats(ref: GroupRef, { start }: GroupOptions): Promise<GroupStats> {
    return this.#write(ref, (batch) => {
      const log = batch.peekLog(ref.channel);
      return this.#find(ref, log)?.state.stats(log, this.#age.now()) ?? statsOfNew(log, start);
    });
  }

  dead(ref: GroupRef, after: number, limit: number): Promise<DeadPage> {
    return this.#write(
      ref,
      (batch) => this.#find(ref, batch.peekLog(ref.channel))?.state.dead(after, limit) ?? NO_LETTERS,
    );
  }

  async confirmGaps(ref: GroupRef, gaps: readonly GroupGap[]): Promise<void> {
    await this.#alter(ref, (state) => state.confirmGaps(gaps));
  }

  async bury(ref: GroupRef, ordinals: readonly number[]): Promise<number> {
    return (await this.#alter(ref, (state) => state.bury(ordinals))) ?? 0;
  }

  /** Changes a group without using it; `undefined`: there is none. */
  #alter<T>(ref: GroupRef, act: (state: GroupState) => T): Promise<T | undefined> {
    return this.#write(ref, (batch) => {
      const held = this.#find(ref, batch.peekLog(ref.channel));
      if (held === undefined) return undefined;
      const result = act(held.state);
      held.save((change) => batch.put(change));
      return result;
    });
  }

  /** A message was appended to a channel. */
  appended(channel: string): void {
    if (this.#watched.size === 0) return;
    for (const group of this.#watched.get(channel) ?? []) this.#claimable(channel, group);
  }

  /**
   * Makes room for one more message in a queue, as part of its append.
   *
   * @throws QueueFull
   */
  admit(batch: Batch, channel: string, queue: QueueBounds): void {
    const log = batch.log(channel);
    const ref = { channel, group: queue.group };
    const held = this.#find(ref, log) ?? this.#create(ref, log, 'oldest');
    const { state } = held;
    const length = state.lengthOf(log);
    if (length >= queue.maxLength && !makeRoom(state, queue, { log, at: this.#moment() })) {
      throw new QueueFull(`the queue "${channel}" holds ${length} messages that are not acknowledged`);
    }
    held.save((change) => batch.put(change));
    log.dropThrough(state.floor);
  }

  /** An operation that changed the group was refused. The next one reads it from disk. */
  forgetLater(ref: GroupRef): void {
    // Not while a batch is planned: until it is written, only the group in memory has its changes.
    queueMicrotask(() => this.#held.delete(keyOf(ref)));
  }

  /** Gives back the memory of groups that are not in use. */
  release(): void {
    const now = this.#age.now();
    for (const [key, { touched }] of this.#held) if (touched < now - HELD) this.#held.delete(key);
  }

  /**
   * Is an empty channel needed, because a group was used since then, or would miss messages if it
   * began anew?
   */
  needs(channel: string, { id, generation, head }: ChannelRecord, since: number): boolean {
    if (this.#watched.has(channel)) return true;
    return this.#rowsOf(channel, id).some((row) => {
      const isAtHead = row.epoch.endsWith(`.${generation}`) && row.offset === head;
      if (row.used > since || !isAtHead || row.start === 'newest') return true;
      return row.gaps !== undefined || row.fence !== undefined || this.#hasMore(id, row.group);
    });
  }

  #hasMore(channel: number, group: string): boolean {
    const { entries, letters } = keysOf(channel, group);
    const store = this.#options.store();
    return [entries, letters].some((bounds) => [...store.rows('groups', { ...bounds, limit: 1 })].length > 0);
  }

  /** The rows of a channel's groups, with the latest use. */
  #rowsOf(channel: string, id: number): readonly GroupRow[] {
    if (!this.#hasAny()) return [];
    const rows = this.#options.store().rows('groups', { ...groupsOf(id), limit: MOST_GROUPS });
    return Array.from(rows, ({ value }) => {
      const row = decodeGroup(value);
      return { ...row, used: Math.max(row.used, this.#held.get(keyOf({ channel, group: row.group }))?.used ?? 0) };
    });
  }

  /** Stores without groups should pay nothing for them. */
  #hasAny(): boolean {
    this.#any ||= [...this.#options.store().rows('groups', { limit: 1 })].length > 0;
    return this.#any;
  }

  /** Deletes the groups of a channel that have expired. */
  expire(batch: Batch, channel: string, id: number): void {
    const now = this.#age.now();
    for (const { group, expires, used } of this.#rowsOf(channel, id)) {
      const isOver = expires !== null && used + expires <= now;
      if (isOver && !this.isWatched({ channel, group })) this.#delete(batch, { channel, group }, id);
    }
  }

  /** Deletes all groups of a channel. */
  deleteAll(batch: Batch, channel: string, id: number): void {
    for (const { group } of this.#rowsOf(channel, id)) this.#delete(batch, { channel, group }, id);
  }

  #delete(batch: Batch, ref: GroupRef, id: number): void {
    const { group, entries, letters } = keysOf(id, ref.group);
    batch.put({ table: 'groups', key: group, value: null });
    for (const bounds of [entries, letters]) {
      for (const { key } of this.#options.store().rows('groups', { ...bounds, limit: ALL })) {
        batch.put({ table: 'groups', key: Buffer.from(key), value: null });
      }
    }
    const held = this.#held.get(keyOf(ref));
    if (held !== undefined) held.isBroken = true;
    this.forgetLater(ref);
  }

  #operate<T>(ref: GroupRef, options: GroupOptions, act: (state: GroupState, operation: Operation) => T): Promise<T> {
    return this.#write(ref, (batch) => {
      const log = batch.log(ref.channel);
      const at = this.#moment();
      const held = this.#find(ref, log) ?? this.#create(ref, log, options.start);
      held.use(options, at.now);
      const result = act(held.state, { log, options, at });
      held.save((change) => batch.put(change));
      if (options.queue) log.dropThrough(held.state.floor);
      return result;
    });
  }

  /** Resolves when what the operation has changed is on disk. */
  async #write<T>(ref: GroupRef, operation: (batch: Batch) => T): Promise<T> {
    let result: { readonly value: T } | undefined;
    try {
      await this.#options.write((batch) => {
        result = { value: this.#guard(ref, () => operation(batch)) };
      });
    } catch (error) {
      this.forgetLater(ref);
      throw error;
    }
    if (result === undefined) throw new EngineUnavailable('the operation was not executed');
    return result.value;
  }

  #guard<T>(ref: GroupRef, operation: () => T): T {
    try {
      return operation();
    } catch (error) {
      const held = this.#held.get(keyOf(ref));
      if (held !== undefined) held.isBroken = true;
      throw error;
    }
  }

  #find(ref: GroupRef, { id }: BatchLog): HeldGroup | undefined {
    const key = keyOf(ref);
    const held = this.#held.get(key);
    if (held?.isBroken === true) throw new EngineUnavailable(`the group "${ref.group}" could not be read`);
    const found = held?.channel === id ? held : this.#read(ref, id);
    if (found === undefined) return undefined;
    found.touched = this.#age.now();
    if (found !== held) this.#held.set(key, found);
    return found;
  }

  #read({ group: name }: GroupRef, channel: number): HeldGroup | undefined {
    return HeldGroup.read(this.#options.store(), { channel, name, keys: keysOf(channel, name) });
  }

  #create(ref: GroupRef, log: BatchLog, start: GroupOptions['start']): HeldGroup {
    const position = { epoch: log.epoch, offset: start === 'newest' ? log.head : log.first - 1 };
    const names = { channel: log.id, name: ref.group, keys: keysOf(log.id, ref.group) };
    const held = HeldGroup.create(names, position);
    held.used = this.#age.now();
    held.touched = held.used;
    this.#held.set(keyOf(ref), held);
    this.#any = true;
    return held;
  }

  #announce(ref: GroupRef): void {
    if (this.isWatched(ref)) this.#claimable(ref.channel, ref.group);
  }

  #moment(): Moment {
    const now = this.#age.now();
    return { now, time: this.#clock.now(), age: now };
  }
}

function statsOfNew(log: BatchLog, start: GroupOptions['start']): GroupStats {
  const { epoch, head, first } = log;
  const floor = start === 'newest' ? head : first - 1;
  const oldest = floor < head ? log.at(floor + 1).message.time : null;
  return { epoch, floor, head, ready: head - floor, inFlight: 0, delayed: 0, dead: 0, oldest };
}
