import { GroupState } from '../group-state/group-state.ts';
import { groupAt } from '../group-state/operation.ts';
import type { GroupOptions, QueueBounds } from '../groups.ts';
import type { ChannelLog } from './channel-log.ts';

/** A group, and what its expiry depends on. */
export interface HeldGroup {
  readonly state: GroupState;
  /** Of the latest operation; `null`: only the publishers of a queue have used it. */
  options: GroupOptions | null;
  /** When the latest operation was, by the monotonic clock. */
  used: number;
}

/** The consumer groups of one channel. */
export class ChannelGroups {
  readonly #groups = new Map<string, HeldGroup>();
  /** Groups that have consumers on this node. */
  readonly watched = new Set<string>();

  get(group: string): HeldGroup | undefined {
    return this.#groups.get(group);
  }

  /** The group for an operation; a new one begins where the options say. */
  use(group: string, log: ChannelLog, { options, now }: { options: GroupOptions; now: number }): GroupState {
    const held = this.#groups.get(group) ?? this.#create(group, log, options.start);
    held.options = options;
    held.used = now;
    return held.state;
  }

  /** The group of a queue, for its publishers. */
  queue({ group }: QueueBounds, log: ChannelLog): GroupState {
    return (this.#groups.get(group) ?? this.#create(group, log, 'oldest')).state;
  }

  #create(group: string, log: ChannelLog, start: GroupOptions['start']): HeldGroup {
    const offset = start === 'newest' ? log.head : log.first - 1;
    const held = { state: new GroupState(groupAt({ epoch: log.epoch, offset })), options: null, used: 0 };
    this.#groups.set(group, held);
    return held;
  }

  /** Unsettled messages of a queue. */
  lengthOf({ group }: QueueBounds, log: ChannelLog): number {
    return this.#groups.get(group)?.state.lengthOf(log) ?? log.length;
  }

  /** Deletes groups that have expired. */
  expire(now: number): void {
    for (const [name, { options, used }] of this.#groups) {
      const isOver = options !== null && options.expires !== null && used + options.expires <= now;
      if (isOver && !this.watched.has(name)) this.#groups.delete(name);
    }
  }

  /** May the channel's log, which is empty, be forgotten together with its groups? */
  canForget({ head }: ChannelLog): boolean {
    if (this.watched.size > 0) return false;
    for (const { state, options } of this.#groups.values()) {
      const isAtHead = state.isIdle && state.position.offset === head;
      if (!isAtHead || options?.start === 'newest') return false; // it would miss what is published until it is used
      if (state.fence !== undefined) return false; // whoever has it would be refused
    }
    return true;
  }
}
