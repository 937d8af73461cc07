import type { Member, PublishResult } from '@sluice/protocol';
import type { ChannelNames } from '../engine/channel-names.ts';
import type { AppendOptions, Engine, EngineListener, Entry, Log, Page, Signal } from '../engine/engine.ts';
import type { GroupStore, Settled } from '../engine/groups.ts';
import { MemoryEngine } from '../engine/memory/memory-engine.ts';
import type { Nodes } from '../engine/nodes.ts';
import type { PresenceStore } from '../engine/presence.ts';
import type { RevocationStore } from '../engine/revocations.ts';
import type { Clock } from '../util/clock.ts';

/** Listeners to the events of the engine. */
export interface EngineObserver {
  appended(channel: string, entry: Entry, result: PublishResult): void;
  /** Members have changed. */
  look(): void;
}

/**
 * The memory engine, which reports its events and can be made to lose messages. `Required`: it must
 * not leave out what is optional for an engine, because a gateway would then do without it in tests.
 * It never has trouble.
 */
export class TestEngine implements Required<Omit<Engine, 'trouble'>>, Required<Log> {
  readonly name = 'memory';
  readonly log: Log = this;
  readonly copies = true;
  readonly startsLater = false;
  readonly forgetsMembers = false;
  readonly presence: PresenceStore;
  readonly revocations: RevocationStore;
  readonly groups: GroupStore;
  readonly nodes: Nodes;
  readonly #inner: MemoryEngine;
  readonly #observer: EngineObserver;
  // Number of messages to lose, by channel.
  readonly #losses = new Map<string, number>();
  // Number of acknowledgements to lose, by channel.
  readonly #lostAcks = new Map<string, number>();
  #losing = false;

  constructor(clock: Clock, observer: EngineObserver) {
    this.#inner = new MemoryEngine({ clock });
    this.#observer = observer;
    this.presence = announcing(this.#inner.presence, () => observer.look());
    this.revocations = this.#inner.revocations;
    this.nodes = this.#inner.nodes;
    this.groups = losing(this.#inner.groups, (channel) => this.#takeLostAck(channel));
  }

  start(listener: EngineListener): void {
    this.#inner.start({
      ...listener,
      deliver: (channel, epoch, message) => {
        if (!this.#losing) listener.deliver(channel, epoch, message);
      },
    });
  }

  signal(signal: Signal): void {
    this.#inner.signal(signal);
  }

  close(): void {
    this.#inner.close();
  }

  /**
   * The channel's next message gets its offset and is lost: it is neither announced nor stored, and
   * neither is anything before it.
   */
  loseNext(channel: string): void {
    this.#losses.set(channel, (this.#losses.get(channel) ?? 0) + 1);
  }

  /** The channel's next acknowledgement is confirmed and lost, as if the gateway had failed before it stored it. */
  loseNextAck(channel: string): void {
    this.#lostAcks.set(channel, (this.#lostAcks.get(channel) ?? 0) + 1);
  }

  #takeLostAck(channel: string): boolean {
    const left = this.#lostAcks.get(channel) ?? 0;
    if (left > 0) this.#lostAcks.set(channel, left - 1);
    return left > 0;
  }

  members(channel: string): readonly Member[] {
    return this.#inner.presence.list(channel, 0, Number.MAX_SAFE_INTEGER).members.map(({ member }) => member);
  }

  append(channel: string, entry: Entry, { copies = [], ...options }: AppendOptions): PublishResult {
    const losses = this.#losses.get(channel) ?? 0;
    if (losses > 0) this.#losses.set(channel, losses - 1);
    this.#losing = losses > 0;
    const result = this.#inner.append(channel, entry, this.#losing ? { ...options, retention: null } : options);
    this.#losing = false;
    if (result.id !== entry.id) return result; // it was appended before, with its copies
    this.#observer.appended(channel, entry, result);
    const origin = { channel, offset: result.offset };
    for (const copy of copies) this.append(copy.channel, { ...copy.entry, origin }, copy.options);
    return result;
  }

  read(channel: string, after: number, limit: number): Page {
    return this.#inner.read(channel, after, limit);
  }

  seek(channel: string, time: number): number {
    return this.#inner.seek(channel, time);
  }

  purge(channel: string, upTo: number): void {
    this.#inner.purge(channel, upTo);
  }

  bytes(channel: string): number {
    return this.#inner.bytes(channel);
  }

  channels(from: string, most: number): ChannelNames {
    return this.#inner.channels(from, most);
  }

  watch(channel: string): void {
    this.#inner.watch(channel);
  }

  unwatch(channel: string): void {
    this.#inner.unwatch(channel);
  }
}

/** The store, whose acknowledgements can be lost. */
function losing(store: GroupStore, losesAck: (channel: string) => boolean): Required<GroupStore> {
  return {
    start: (claimable) => store.start(claimable),
    watch: (ref) => store.watch(ref),
    unwatch: (ref) => store.unwatch(ref),
    fence: (ref, options, fence) => store.fence(ref, options, fence),
    claim: (ref, options, request) => store.claim(ref, options, request),
    settle: (ref, options, ids, outcome) =>
      outcome.type === 'ack' && losesAck(ref.channel) ? confirmed(ids) : store.settle(ref, options, ids, outcome),
    confirmGaps: (ref, gaps) => store.confirmGaps(ref, gaps),
    stats: (ref, options) => store.stats(ref, options),
    seek: (ref, options, offset) => store.seek(ref, options, offset),
    dead: (ref, after, limit) => store.dead(ref, after, limit),
    bury: (ref, ordinals) => store.bury(ref, ordinals),
    redrive: (ref, options, ordinals) => store.redrive(ref, options, ordinals),
  };
}

const confirmed = (ids: readonly string[]): Settled => ({ accepted: ids.map(() => true), dead: 0 });

/** The store, with one more listener. */
function announcing(store: PresenceStore, changed: () => void): PresenceStore {
  return {
    start: (listener, interrupted) =>
      store.start((change) => {
        listener(change);
        changed();
      }, interrupted),
    enter: (request) => store.enter(request),
    leave: (member, grace) => store.leave(member, grace),
    roster: (channel) => store.roster(channel),
    list: (channel, after, limit) => store.list(channel, after, limit),
    channels: (from, most) => store.channels(from, most),
    close: () => store.close(),
  };
}
