import { unknownChannel } from '@sluice/protocol';
import { nanoid } from 'nanoid';
import type { Identity } from '../auth/identity.ts';
import { PAGE_BYTES } from '../channels/budgets.ts';
import type { AfterAppend } from '../channels/door.ts';
import type { RuleMatch, Rules } from '../channels/rules.ts';
import type { Subscriber } from '../channels/subscriber.ts';
import type { Claim, GroupGap, GroupRef, GroupStore, Outcome } from '../engine/groups.ts';
import type { EventBus } from '../events.ts';
import { Refusal } from '../refusal.ts';
import type { GroupRule, Rule } from '../rule.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { chain, type NowOrLater } from '../util/now-or-later.ts';
import type { Turn } from '../util/turn.ts';
import { Consumer } from './consumer.ts';
import { DeadLetterPublisher, type DeadLetterServices } from './dead-letter-publisher.ts';
import { Dispatcher, type DispatcherHost, reportExpired } from './dispatcher.ts';
import { findGroup, type GroupTarget, refuseGroupOfBridge, ruleOfGroup } from './group-names.ts';
import { KnownGroups } from './known-groups.ts';
import { LeaseRequest } from './lease-request.ts';
import { measureGroups, type RuleNumbers } from './measure-groups.ts';
import { ProgramConsumer, type ProgramConsumerParts } from './program-consumer.ts';
import type { Batch } from './receiver.ts';

export interface GroupsOptions extends Pick<DeadLetterServices, 'door'> {
  readonly store: GroupStore;
  readonly rules: Rules;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly turn: Turn;
}

/** What came of settling deliveries. */
export interface SettledDeliveries {
  /** Ids of those that were not in flight. */
  readonly expired: readonly string[];
  /** When extended deliveries expire: milliseconds since the Unix epoch. */
  readonly deadline: number;
}

/** Keeps account of the deliveries that somebody has. */
export interface DeliveryHolder {
  /** They are settled, or have expired. */
  settled(ids: readonly string[]): void;
  /** They expire later. */
  extended(ids: readonly string[], expires: number): void;
}

/** The consumer groups of this node: who receives their messages, and what comes of them. */
export class Groups implements DispatcherHost {
  readonly store: GroupStore;
  readonly clock: Clock;
  readonly events: EventBus;
  readonly #rules: Rules;
  readonly #turn: Turn;
  readonly #deadLetters: DeadLetterPublisher;
  readonly #dispatchers = new Map<string, Dispatcher>();
  #marked = new Set<Dispatcher>();
  readonly #programs = new Set<ProgramConsumer>();
  /** Requests that wait for messages. */
  readonly #leases = new Set<LeaseRequest>();
  #leasesEnded = false;
  readonly #known = new KnownGroups((ref) => this.#dispatchers.has(keyOf(ref)));

  constructor({ store, rules, events, clock, turn, door }: GroupsOptions) {
    this.store = store;
    this.clock = clock;
    this.events = events;
    this.#rules = rules;
    this.#turn = turn;
    this.#deadLetters = new DeadLetterPublisher({ store, rules, events, clock, door });
    store.start((channel, group) => this.#dispatchers.get(keyOf({ channel, group }))?.mark());
  }

  /** The group that someone names; see `findGroup`. */
  find(channel: string, by: Identity, group?: string): GroupTarget | Refusal {
    const match: RuleMatch | null = this.#rules.match(channel);
    if (match === null) return new Refusal('channel_unknown', unknownChannel(channel).detail);
    return findGroup(match, by, { channel, group });
  }

  /** The same, for somebody who wants its messages. */
  findToConsume(channel: string, by: Identity, group?: string): GroupTarget | Refusal {
    const found = this.find(channel, by, group);
    return found instanceof Refusal ? found : (refuseGroupOfBridge(found) ?? found);
  }

  /** The groups that were used on this node lately. */
  get known(): readonly GroupRef[] {
    return this.#known.all;
  }

  /** The numbers of the groups that were used on this node lately. */
  measure(): Promise<readonly RuleNumbers[]> {
    return measureGroups(this.#known.all, { store: this.store, rules: this.#rules, clock: this.clock });
  }

  /** A consumer for a connection; it receives nothing before its `start`. */
  consumer(subscriber: Subscriber, { ref, rule }: GroupTarget, prefetch = rule.prefetch): Consumer {
    return new Consumer(subscriber, this.dispatcher(ref), Math.min(prefetch, rule.prefetch));
  }

  /** A consumer that receives nothing, for deliveries that a connection has without consuming. */
  finishing(subscriber: Subscriber, { ref, rule }: GroupTarget): Consumer {
    const consumer = new Consumer(subscriber, this.#openOrIdle(ref), rule.prefetch);
    consumer.finish();
    return consumer;
  }

  /** The group's dispatcher; without receivers it is not remembered. */
  #openOrIdle(ref: GroupRef): Dispatcher {
    return this.#dispatchers.get(keyOf(ref)) ?? new Dispatcher(ref, this);
  }

  /** Claims at most `max` messages that are ready. The caller confirms the gaps once its client has received them. */
  lease(target: GroupTarget, max: number): NowOrLater<Batch> {
    const { ref, rule } = target;
    const { ackTimeout } = rule.delivery;
    const deadline = this.clock.now() + ackTimeout;
    const expires = this.clock.monotonic() + ackTimeout;
    this.note(ref);
    const request = { token: nanoid(12), max, maxLength: PAGE_BYTES };
    return chain(this.store.claim(ref, rule.delivery, request), (claim) => {
      this.#reportClaim(target, claim);
      const { epoch, deliveries, gaps } = claim;
      return { epoch, deliveries, gaps, deadline, expires };
    });
  }

  /** Waits for at most `max` messages, at most `wait` milliseconds. */
  leaseLater({ ref }: GroupTarget, { max, wait }: { max: number; wait: number }): LeaseRequest {
    const request = new LeaseRequest(this.dispatcher(ref), { max, wait, clock: this.clock });
    if (this.#leasesEnded) request.endWait();
    this.#leases.add(request);
    void request.batch.then(() => this.#leases.delete(request));
    return request;
  }

  /** The gateway stops: leases that wait are answered, and later ones do not wait. */
  endLeases(): void {
    this.#leasesEnded = true;
    for (const request of [...this.#leases]) request.endWait();
  }

  /** Who leased has received gaps. */
  gapsReceived({ ref }: GroupTarget, gaps: readonly GroupGap[]): void {
    this.#openOrIdle(ref).gapsReceived(gaps);
  }

  #reportClaim({ ref, rule }: GroupTarget, claim: Claim): void {
    const { deliveries, gaps, dead } = claim;
    reportExpired(this.events, ref, claim);
    for (const { reason } of gaps) this.events.emit('groupGap', { ...ref, reason });
    if (dead > 0) this.died(ref, rule, dead);
    if (deliveries.length === 0) return;
    const repeated = deliveries.filter(({ attempt }) => attempt > 1).length;
    this.events.emit('deliveriesSent', { ...ref, count: deliveries.length, repeated });
  }

  /**
   * Settles deliveries.
   *
   * @param holder who settles them: absent for a backend
   */
  settle(
    { ref, rule }: GroupTarget,
    { ids, outcome, holder }: { ids: readonly string[]; outcome: Outcome; holder?: DeliveryHolder },
  ): NowOrLater<SettledDeliveries> {
    const { ackTimeout } = rule.delivery;
    const deadline = this.clock.now() + ackTimeout;
    const expires = this.clock.monotonic() + ackTimeout;
    return chain(this.store.settle(ref, rule.delivery, ids, outcome), ({ accepted, dead }) => {
      const expired = ids.filter((_, at) => accepted[at] !== true);
      if (outcome.type === 'extend') {
        const late = new Set(expired);
        const extended = ids.filter((id) => !late.has(id));
        holder?.settled(expired);
        if (extended.length > 0) holder?.extended(extended, expires);
      } else {
        holder?.settled(ids);
      }
      if (outcome.type !== 'extend' || expired.length > 0) this.#dispatchers.get(keyOf(ref))?.mark();
      if (dead > 0) this.died(ref, rule, dead);
      this.events.emit('settled', {
        ...ref,
        outcome: outcome.type,
        count: ids.length - expired.length,
        expired: expired.length,
      });
      return { expired, deadline };
    });
  }

  /** Consumes with a function of the program. Returns a function that stops. */
  consume(target: GroupTarget, parts: Omit<ProgramConsumerParts, 'groups' | 'target'>): () => Promise<void> {
    const consumer = new ProgramConsumer({ ...parts, groups: this, target });
    this.#programs.add(consumer);
    return () => consumer.stop().finally(() => this.#programs.delete(consumer));
  }

  /** Stops the functions of the program; resolves when they have finished, after `most` milliseconds at the latest. */
  async finish(most: number): Promise<void> {
    if (this.#programs.size === 0) return;
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => {
      timer = this.clock.after(most, resolve);
    });
    await Promise.race([Promise.all([...this.#programs].map((consumer) => consumer.stop())), late]);
    timer?.cancel();
  }

  /** The group's dispatcher on this node. */
  dispatcher(ref: GroupRef): Dispatcher {
    const key = keyOf(ref);
    const open = this.#dispatchers.get(key);
    if (open !== undefined) return open;
    const dispatcher = new Dispatcher(ref, this);
    this.#dispatchers.set(key, dispatcher);
    this.note(ref);
    return dispatcher;
  }

  /** Remembers a group for the metrics. */
  note(ref: GroupRef): void {
    this.#known.note(ref);
  }

  /** A message was published; part of each publish. */
  readonly published: AfterAppend = ({ channel, rule, bound, appended: { entry } }) => {
    const expires = entry.expiresAt !== undefined;
    this.#noteQueue(channel, rule, expires);
    for (const target of bound) this.#noteQueue(target.channel, target.rule, expires || target.rule.ttl !== null);
    return null;
  };

  /** @param expires may messages have expired to make room for it? */
  #noteQueue(channel: string, { queue, groups }: Pick<Rule, 'queue' | 'groups'>, expires: boolean): void {
    const [rule] = groups;
    if (queue === null || rule === undefined) return;
    const ref = { channel, group: queue.group };
    this.note(ref);
    if ((expires || queue.overflow === 'dead-letter') && rule.deadLetter !== null) {
      this.#deadLetters.publishSoon(ref, rule.deadLetter);
    }
  }

  /** The gateway stops: nobody waits for deliveries any more. */
  close(): void {
    this.#deadLetters.close();
    for (const dispatcher of [...this.#dispatchers.values()]) dispatcher.close();
    for (const consumer of this.#programs) consumer.gatewayStops();
  }

  /** Sends what is claimable at the end of a turn. */
  flush(): void {
    if (this.#marked.size === 0) return;
    const marked = this.#marked;
    this.#marked = new Set(); // a set that is cleared keeps its tables; see `ChurningMap`
    for (const dispatcher of marked) this.#run(dispatcher);
  }

  /** The rules have changed: dispatchers look at them again. */
  reload(): void {
    for (const dispatcher of this.#dispatchers.values()) dispatcher.mark();
    this.#deadLetters.retryRefused();
  }

  /** The permanent refusal of a dead letter by its channel, if this node has tried to publish it. */
  refusalOf(ref: GroupRef, ordinal: number): Refusal | undefined {
    return this.#deadLetters.refusalOf(ref, ordinal);
  }

  /** A fault in one group must not stop the others. */
  #run(dispatcher: Dispatcher): void {
    try {
      dispatcher.run();
    } catch (error) {
      this.events.emit('fault', { where: `groups: "${dispatcher.ref.channel}"`, error });
    }
  }

  ruleOf({ channel, group }: GroupRef): GroupRule | undefined {
    const match: RuleMatch | null = this.#rules.match(channel);
    return match === null ? undefined : ruleOfGroup(match.rule.groups, group);
  }

  mark(dispatcher: Dispatcher): void {
    this.#marked.add(dispatcher);
    this.#turn.schedule();
  }

  opened({ ref }: Dispatcher): NowOrLater<void> {
    return this.store.watch(ref);
  }

  closed(dispatcher: Dispatcher): void {
    this.#marked.delete(dispatcher);
    this.#dispatchers.delete(keyOf(dispatcher.ref));
    this.store.unwatch(dispatcher.ref);
  }

  died(ref: GroupRef, rule: GroupRule, dead: number): void {
    this.events.emit('groupDead', { ...ref, dead });
    if (rule.deadLetter !== null) this.#deadLetters.publish(ref, rule.deadLetter);
  }
}

/** A channel name has no space. */
const keyOf = ({ channel, group }: GroupRef): string => `${channel} ${group}`;
