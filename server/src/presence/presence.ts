import type { Subscriber } from '../channels/subscriber.ts';
import type {
  EnterRequest,
  MemberConnection,
  PresenceChange,
  PresenceStore,
  Roster,
  RosterPage,
} from '../engine/presence.ts';
import type { EventBus } from '../events.ts';
import type { PresenceRule } from '../rule.ts';
import type { Fanout } from '../transport/connection.ts';
import type { Clock } from '../util/clock.ts';
import type { Turn } from '../util/turn.ts';
import { Herald } from './herald.ts';
import { Stage } from './stage.ts';
import { Watcher, type WatcherHost } from './watcher.ts';

export interface PresenceOptions {
  readonly store: PresenceStore;
  readonly fanout: Fanout;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly turn: Turn;
  /** Bytes that may wait for one connection. */
  readonly outbound: number;
}

/** Lists that go out in one turn, counted in members, so that no turn takes long. */
const TURN_BUDGET = 10_000;

/**
 * Who is present, and who watches: the list first, then changes, gathered for the rule's interval, one frame per wire protocol. Where there are
 * too many members to list, only their number.
 */
export class Presence implements WatcherHost {
  readonly #options: PresenceOptions;
  readonly #herald: Herald;
  readonly #stages = new Map<string, Stage>();
  readonly #due = new Set<Stage>();
  readonly #ready = new Set<Watcher>();

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#herald = new Herald({
      ...options,
      tellIn: (stage, wait) => this.#tellIn(stage, wait),
      serveLater: (watcher) => this.serveLater(watcher),
    });
    options.store.start(
      (change) => this.#changed(change),
      (channel) => this.#interrupted(channel),
    );
  }

  /** Channels whose members are watched on this node. */
  get size(): number {
    return this.#stages.size;
  }

  /** See `PresenceStore.enter`. */
  enter(request: EnterRequest): void | Promise<void> {
    return this.#options.store.enter(request);
  }

  /** See `PresenceStore.leave`. */
  leave(member: MemberConnection, grace: number): void | Promise<void> {
    return this.#options.store.leave(member, grace);
  }

  /** See `PresenceStore.roster`. */
  roster(channel: string): Roster | Promise<Roster> {
    return this.#options.store.roster(channel);
  }

  /** See `PresenceStore.list`. */
  list(channel: string, after: number, limit: number): RosterPage | Promise<RosterPage> {
    return this.#options.store.list(channel, after, limit);
  }

  watch(subscriber: Subscriber, channel: string, rule: PresenceRule): Watcher {
    let stage = this.#stages.get(channel);
    if (stage === undefined) {
      stage = new Stage(channel, rule);
      this.#stages.set(channel, stage);
      this.#options.store.watch?.(channel);
    }
    const watcher = new Watcher(subscriber, stage, this);
    this.serveLater(watcher);
    return watcher;
  }

  unwatch(watcher: Watcher): void {
    watcher.leave();
    this.#ready.delete(watcher);
    const { stage } = watcher;
    if (stage.watchers.size > 0 || this.#stages.get(stage.channel) !== stage) return;
    stage.timer?.cancel();
    this.#stages.delete(stage.channel);
    this.#options.store.unwatch?.(stage.channel);
    this.#due.delete(stage);
  }

  serveLater(watcher: Watcher): void {
    this.#ready.add(watcher);
    this.#options.turn.schedule();
  }

  #changed(change: PresenceChange): void {
    const stage = this.#stages.get(change.channel);
    if (stage === undefined) return;
    stage.note(change);
    const { interval } = stage.rule;
    this.#tellIn(stage, stage.toldAt + interval - this.#options.clock.monotonic());
  }

  /** Changes may have been missed: all who watch get the list anew. */
  #interrupted(channel: string | undefined): void {
    for (const stage of this.#stages.values()) {
      if (channel !== undefined && stage.channel !== channel) continue;
      stage.relist();
      this.#tellIn(stage, 0);
    }
  }

  #tellIn(stage: Stage, wait: number): void {
    if (stage.timer !== undefined || this.#stages.get(stage.channel) !== stage) return;
    if (wait <= 0) this.#tellLater(stage);
    else stage.timer = this.#options.clock.after(wait, () => this.#tellLater(stage));
  }

  #tellLater(stage: Stage): void {
    stage.timer = undefined;
    this.#due.add(stage);
    this.#options.turn.schedule();
  }

  /** The end of a turn: changes go out, then lists to those who need them. */
  flush(): void {
    // Emptying a set leaves its old table behind, even an empty one's: most turns have nothing to do with presence.
    if (this.#due.size > 0) this.#tellDue();
    if (this.#ready.size > 0) this.#serve();
    this.#herald.forgetEncoded();
    if (this.#ready.size > 0) this.#options.turn.schedule();
  }

  #tellDue(): void {
    const due = [...this.#due];
    this.#due.clear();
    for (const stage of due) {
      stage.toldAt = this.#options.clock.monotonic();
      this.#herald.tell(stage);
    }
  }

  /** Those without room come back when they have drained. */
  #serve(): void {
    let budget = TURN_BUDGET;
    for (const watcher of [...this.#ready]) {
      if (budget <= 0) return;
      this.#ready.delete(watcher);
      if (watcher.state !== 'behind' || watcher.reading || !this.#herald.hasRoom(watcher)) continue;
      budget -= this.#herald.serve(watcher);
    }
  }
}
