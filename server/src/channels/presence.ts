import type { PresencePush } from '@sluice/protocol';
import type { PresenceRule } from '../auth/rule.ts';
import type { Entrant, PlacedMember, PresenceChange, PresenceStore, Roster } from '../engine/presence.ts';
import type { EventBus } from '../events.ts';
import type { Fanout } from '../transport/connection.ts';
import type { Clock } from '../util/clock.ts';
import type { Turn } from '../util/turn.ts';
import { changePushes, countPush, listPushes, mustCount, toWire } from './presence-pushes.ts';
import { hasRoom } from './replay.ts';
import { Stage } from './stage.ts';
import type { Subscriber } from './subscriber.ts';
import { Watcher } from './watcher.ts';

export interface PresenceOptions {
  readonly store: PresenceStore;
  readonly fanout: Fanout;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly turn: Turn;
}

/** Members that one page of the list asks the store for. */
const PAGE = 1000;

/**
 * Tells watchers who is present: the list first, then changes, gathered for the rule's interval, one frame per wire protocol.
 * Where there are too many members to list, only their number.
 */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #stages = new Map<string, Stage>();
  readonly #due = new Set<Stage>();
  readonly #overflowed = new Set<Subscriber>();
  readonly #ready = new Set<Watcher>();

  constructor(options: PresenceOptions) {
    this.#options = options;
    options.store.start((change) => this.#changed(change));
  }

  /** Channels whose members are watched on this node. */
  get size(): number {
    return this.#stages.size;
  }

  /** See `PresenceStore.enter`. */
  enter(entrant: Entrant): void | Promise<void> {
    return this.#options.store.enter(entrant);
  }

  /** See `PresenceStore.leave`. */
  leave(place: { channel: string; connection: string; user: string }, grace: number): void | Promise<void> {
    return this.#options.store.leave(place, grace);
  }

  roster(channel: string): Roster | Promise<Roster> {
    return this.#options.store.roster(channel);
  }

  /** See `PresenceStore.list`. */
  list(channel: string, place: number, limit: number): readonly PlacedMember[] | Promise<readonly PlacedMember[]> {
    return this.#options.store.list(channel, place, limit);
  }

  watch(subscriber: Subscriber, channel: string, rule: PresenceRule): Watcher {
    let stage = this.#stages.get(channel);
    if (stage === undefined) {
      stage = new Stage(channel, rule);
      this.#stages.set(channel, stage);
    }
    const watcher = new Watcher(subscriber, stage);
    this.#serveLater(watcher);
    return watcher;
  }

  unwatch(watcher: Watcher): void {
    watcher.end();
    this.#ready.delete(watcher);
    const { stage } = watcher;
    if (stage.watchers.size > 0 || this.#stages.get(stage.channel) !== stage) return;
    stage.timer?.cancel();
    this.#stages.delete(stage.channel);
    this.#due.delete(stage);
  }

  /** The transport refused something of this connection; see `Hub.overflowed`. */
  overflowed(subscriber: Subscriber): void {
    this.#overflowed.add(subscriber);
    this.#options.turn.schedule();
  }

  /** The subscriber's buffer has drained: those who need the list may have it. */
  wake(subscriber: Subscriber): void {
    for (const watcher of subscriber.watchers.values()) {
      if (watcher.state === 'behind') this.#serveLater(watcher);
    }
  }

  forget(subscriber: Subscriber): void {
    this.#overflowed.delete(subscriber);
  }

  #serveLater(watcher: Watcher): void {
    this.#ready.add(watcher);
    this.#options.turn.schedule();
  }

  #changed(change: PresenceChange): void {
    const stage = this.#stages.get(change.channel);
    if (stage === undefined) return;
    stage.pending.set(change.user, change);
    if (stage.timer !== undefined) return;
    const wait = stage.toldAt + stage.rule.interval - this.#options.clock.now();
    if (wait <= 0) this.#tellLater(stage);
    else stage.timer = this.#options.clock.after(wait, () => this.#tellLater(stage));
  }

  #tellLater(stage: Stage): void {
    stage.timer = undefined;
    this.#due.add(stage);
    this.#options.turn.schedule();
  }

  /** The end of a turn: those who could not follow leave, then changes go out, then lists to those who need them. */
  flush(): void {
    for (const subscriber of this.#overflowed) {
      for (const watcher of subscriber.watchers.values()) watcher.fallBehind();
      this.wake(subscriber);
    }
    this.#overflowed.clear();
    for (const stage of this.#due) this.#tell(stage);
    this.#due.clear();
    for (const watcher of this.#ready) {
      this.#ready.delete(watcher);
      if (watcher.state === 'behind' && hasRoom(watcher.subscriber)) this.#serve(watcher);
    }
  }

  #tell(stage: Stage): void {
    const changes = [...stage.pending.values()];
    stage.pending.clear();
    stage.toldAt = this.#options.clock.now();
    withValue(this.#options.store.roster(stage.channel), (roster) => this.#tellRoster(stage, roster, changes));
  }

  #tellRoster(stage: Stage, roster: Roster, changes: readonly PresenceChange[]): void {
    const counted = stage.counting;
    stage.counting = mustCount(stage, roster);
    if (counted && !stage.counting) {
      // The list is back: everybody needs it whole.
      for (const watcher of stage.watchers) {
        watcher.fallBehind();
        this.#serveLater(watcher);
      }
      return;
    }
    if (!stage.counting) this.#publish(stage, changePushes(stage.channel, roster, changes.map(toWire)));
    else if (roster.total !== stage.toldTotal) this.#publish(stage, [countPush(stage.channel, roster)]);
    stage.toldTotal = roster.total;
  }

  #publish(stage: Stage, pushes: readonly PresencePush[]): void {
    let bytes = 0;
    for (const { wire, topic, live } of stage.audiences) {
      if (live === 0) continue;
      for (const push of pushes) {
        const frame = wire.encode([push]);
        const encoded = typeof frame === 'string' ? Buffer.from(frame) : frame;
        this.#options.fanout.publish(topic, encoded, wire.binary);
        bytes += encoded.byteLength * live;
      }
    }
    this.#options.events.emit('presenceTold', { channel: stage.channel, bytes });
  }

  /** The whole list, or the number, to one watcher, who is live from here on. */
  #serve(watcher: Watcher): void {
    const { stage } = watcher;
    withValue(this.#options.store.roster(stage.channel), (roster) => {
      stage.counting = mustCount(stage, roster);
      if (stage.counting) this.#start(watcher, [countPush(stage.channel, roster)]);
      else
        withValue(this.#options.store.list(stage.channel, 0, PAGE), (placed) => {
          const changes = placed.map(({ member }) => ({ version: roster.version, member }));
          this.#start(watcher, listPushes(stage.channel, roster, changes));
        });
    });
  }

  #start(watcher: Watcher, pushes: readonly PresencePush[]): void {
    if (watcher.state !== 'behind') return;
    for (const push of pushes) watcher.subscriber.push(push);
    watcher.goLive();
  }
}

/** Goes on with a value at once, or when it arrives. */
function withValue<T>(value: T | Promise<T>, use: (value: T) => void): void {
  if (value instanceof Promise) void value.then(use);
  else use(value);
}
