import type { Position } from '@sluice/protocol';
import { AgeClock } from '../../util/age-clock.ts';
import type { Clock } from '../../util/clock.ts';
import { QueueFull } from '../engine.ts';
import type { GroupState } from '../group-state/group-state.ts';
import { makeRoom } from '../group-state/make-room.ts';
import type { Moment, Operation } from '../group-state/operation.ts';
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
} from '../groups.ts';
import { ChannelGroups } from './channel-groups.ts';
import type { ChannelLog } from './channel-log.ts';

/** The logs of the engine. */
export interface Logs {
  /** The channel's log, created if there is none, without what is too old. */
  open(channel: string): ChannelLog;
  /** The channel's log, or an empty one that is not kept. */
  peek(channel: string): ChannelLog;
}

const NO_LETTERS: DeadPage = { letters: [], total: 0 };

/** Consumer groups in this process's memory. */
export class MemoryGroups implements GroupStore {
  readonly #clock: Clock;
  readonly #age: AgeClock;
  readonly #logs: Logs;
  #claimable: Claimable = () => {};

  constructor(clock: Clock, logs: Logs) {
    this.#clock = clock;
    this.#age = new AgeClock(clock);
    this.#logs = logs;
  }

  start(claimable: Claimable): void {
    this.#claimable = claimable;
  }

  watch({ channel, group }: GroupRef): void {
    groupsOf(this.#logs.open(channel)).watched.add(group);
  }

  unwatch({ channel, group }: GroupRef): void {
    this.#logs.peek(channel).groups?.watched.delete(group);
  }

  fence(ref: GroupRef, options: GroupOptions, fence: string): void {
    this.#operate(ref, options, (state, { log }) => state.setFence(log, fence));
    this.#announce(ref);
  }

  claim(ref: GroupRef, options: GroupOptions, request: ClaimRequest): Claim {
    return this.#operate(ref, options, (state, operation) => state.claim(operation, request));
  }

  settle(ref: GroupRef, options: GroupOptions, ids: readonly string[], outcome: Outcome): Settled {
    const settled = this.#operate(ref, options, (state, operation) => state.settle(operation, ids, outcome));
    if (outcome.type !== 'extend') this.#announce(ref);
    return settled;
  }

  confirmGaps({ channel, group }: GroupRef, gaps: readonly GroupGap[]): void {
    this.#logs.peek(channel).groups?.get(group)?.state.confirmGaps(gaps);
  }

  stats({ channel, group }: GroupRef, { start }: GroupOptions): GroupStats {
    const log = this.#logs.peek(channel);
    const { epoch, head, first } = log;
    const held = log.groups?.get(group);
    if (held !== undefined) return held.state.stats(log, this.#clock.monotonic());
    const floor = start === 'newest' ? head : first - 1;
    const oldest = floor < head ? log.at(floor + 1).message.time : null;
    return { epoch, floor, head, ready: head - floor, inFlight: 0, delayed: 0, dead: 0, oldest };
  }

  seek(ref: GroupRef, options: GroupOptions, offset: number): Position {
    const position = this.#operate(ref, options, (state, { log }) => state.seek(log, offset));
    this.#announce(ref);
    return position;
  }

  dead({ channel, group }: GroupRef, after: number, limit: number): DeadPage {
    return this.#logs.peek(channel).groups?.get(group)?.state.dead(after, limit) ?? NO_LETTERS;
  }

  bury({ channel, group }: GroupRef, ordinals: readonly number[]): number {
    return this.#logs.peek(channel).groups?.get(group)?.state.bury(ordinals) ?? 0;
  }

  redrive(ref: GroupRef, options: GroupOptions, ordinals: readonly number[] | null): number {
    const redriven = this.#operate(ref, options, (state, operation) => state.redrive(operation, ordinals));
    this.#announce(ref);
    return redriven;
  }

  /** A message was appended to a log that has groups. */
  appended(channel: string, groups: ChannelGroups): void {
    for (const group of groups.watched) this.#claimable(channel, group);
  }

  /**
   * Makes room for one more message in a queue.
   *
   * @throws QueueFull
   */
  admit(channel: string, log: ChannelLog, queue: QueueBounds): void {
    const groups = groupsOf(log);
    const length = groups.lengthOf(queue, log);
    if (length < queue.maxLength) return;
    const state = groups.queue(queue, log);
    if (!makeRoom(state, queue, { log, at: this.#moment() })) {
      throw new QueueFull(`the queue "${channel}" holds ${length} messages that are not acknowledged`);
    }
    log.dropThrough(state.floor);
  }

  #operate<T>(
    { channel, group }: GroupRef,
    options: GroupOptions,
    act: (state: GroupState, operation: Operation) => T,
  ): T {
    const log = this.#logs.open(channel);
    const at = this.#moment();
    const state = groupsOf(log).use(group, log, { options, now: at.now });
    const result = act(state, { log, options, at });
    if (options.queue) log.dropThrough(state.floor);
    return result;
  }

  #announce({ channel, group }: GroupRef): void {
    if (this.#logs.peek(channel).groups?.watched.has(group) === true) this.#claimable(channel, group);
  }

  #moment(): Moment {
    return { now: this.#clock.monotonic(), time: this.#clock.now(), age: this.#age.now() };
  }
}

function groupsOf(log: ChannelLog): ChannelGroups {
  log.groups ??= new ChannelGroups();
  return log.groups;
}
