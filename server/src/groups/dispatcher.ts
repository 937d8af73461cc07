import { nanoid } from 'nanoid';
import { ENGINE_RETRY, PAGE_BYTES } from '../channels/budgets.ts';
import { EngineUnavailable } from '../engine/engine.ts';
import type { Claim, Delivery, GroupGap, GroupRef, GroupStore, Outcome } from '../engine/groups.ts';
import type { EventBus } from '../events.ts';
import type { GroupRule } from '../rule.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { chain, type NowOrLater, recover } from '../util/now-or-later.ts';
import { GapNotices } from './gap-notices.ts';
import type { Receiver } from './receiver.ts';

/** What all dispatchers of a node share. */
export interface DispatcherHost {
  readonly store: GroupStore;
  readonly clock: Clock;
  readonly events: EventBus;
  /** `undefined`: the configuration has no such group any more. */
  ruleOf(ref: GroupRef): GroupRule | undefined;
  /** Has `run` called at the end of this turn. */
  mark(dispatcher: Dispatcher): void;
  /** The first receiver has come: the group must be watched before it is claimed for. */
  opened(dispatcher: Dispatcher): NowOrLater<void>;
  /** The last receiver has gone. */
  closed(dispatcher: Dispatcher): void;
  /** The group has dead letters. */
  died(ref: GroupRef, rule: GroupRule, dead: number): void;
}

/** Most deliveries of one claim. */
const MOST_CLAIMED = 256;

/** Most characters of the messages of one claim, as JSON. */
const LONGEST_CLAIM = 4 * PAGE_BYTES;

/** When the deliveries of a claim were asked for: none expires earlier than `ackTimeout` after that. */
interface Asked {
  readonly rule: GroupRule;
  readonly time: number;
  readonly monotonic: number;
  readonly max: number;
  readonly maxLength: number;
  readonly fence: string | undefined;
}

/**
 * Claims the messages of one group for its receivers on this node, as many as they have room for,
 * and shares them out evenly.
 */
export class Dispatcher {
  readonly ref: GroupRef;
  readonly #host: DispatcherHost;
  readonly #receivers: Receiver[] = [];
  readonly #notices = new GapNotices();
  /** Position of the receiver that gets the next delivery. */
  #next = 0;
  #isWatched = false;
  #claiming = false;
  /** Was it marked while a claim was on its way? */
  #again = false;
  #timer: { readonly at: number; readonly timer: Timer } | undefined;

  constructor(ref: GroupRef, host: DispatcherHost) {
    this.ref = ref;
    this.#host = host;
  }

  /** How many receivers there are. */
  get size(): number {
    return this.#receivers.length;
  }

  add(receiver: Receiver): void {
    this.#receivers.push(receiver);
    this.#host.events.emit('consumerStarted', this.ref);
    this.mark();
  }

  /** Is a claim on its way? */
  get isClaiming(): boolean {
    return this.#claiming;
  }

  /** What is appended before the engine watches the group is not announced, but the claim after it finds it. */
  #watch(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    const watching = recover(
      () => chain(this.#host.opened(this), () => true),
      (error) => {
        this.#report('watched', error);
        return false;
      },
    );
    const isLate = watching instanceof Promise;
    void chain(watching, (isWatched) => {
      this.#isWatched = isWatched;
      if (!isWatched) this.#wakeAt(this.#host.clock.monotonic() + ENGINE_RETRY);
      else if (isLate) this.mark();
    });
  }

  /** An engine that is away is asked again. Any other error is a fault, and is treated in the same way. */
  #report(what: string, error: unknown): void {
    if (error instanceof EngineUnavailable) return;
    this.#host.events.emit('fault', { where: `groups: "${this.ref.channel}" could not be ${what}`, error });
  }

  remove(receiver: Receiver): void {
    const at = this.#receivers.indexOf(receiver);
    if (at === -1) return;
    this.#receivers.splice(at, 1);
    this.#host.events.emit('consumerStopped', this.ref);
    const isMissed = this.#notices.forget(receiver);
    if (isMissed) this.mark();
    if (this.#receivers.length > 0) return;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    this.#host.closed(this);
  }

  /** Something may be claimable, or there may be room. */
  mark(): void {
    if (this.#receivers.length > 0) this.#host.mark(this);
  }

  /** Gives deliveries back after a grace; if the engine is away, they expire at their deadline. */
  release(ids: readonly string[], grace: number): void {
    const rule = this.#host.ruleOf(this.ref);
    if (rule === undefined) return;
    this.#giveBack(rule, ids, { type: 'release', grace });
  }

  #giveBack(rule: GroupRule, ids: readonly string[], outcome: Outcome): void {
    const { store } = this.#host;
    void recover(
      () => chain(store.settle(this.ref, rule.delivery, ids, outcome), () => {}),
      (error) => this.#report('given back', error),
    );
  }

  /** Whoever is behind a receiver has received gaps. Until this is stored, claims return them. */
  confirmGaps(gaps: readonly GroupGap[]): NowOrLater<void> {
    return chain(this.#host.store.confirmGaps(this.ref, gaps), () => this.#notices.remove(gaps));
  }

  /** The same, for a caller that does not wait: if it fails, another receiver is notified later. */
  gapsReceived(gaps: readonly GroupGap[]): void {
    if (gaps.length === 0) return;
    void recover(
      () => this.confirmGaps(gaps),
      (error) => this.#report('confirmed to have reported its gaps', error),
    );
  }

  /** The gateway stops. */
  close(): void {
    for (const receiver of [...this.#receivers]) receiver.gatewayStops();
  }

  /** Claims for receivers that have room. */
  run(): void {
    if (this.#receivers.length === 0) return;
    if (this.#claiming) {
      this.#again = true;
      return;
    }
    const rule = this.#host.ruleOf(this.ref);
    if (rule === undefined) for (const receiver of [...this.#receivers]) receiver.groupRemoved();
    else {
      this.#watch();
      this.#claimFor(rule);
    }
  }

  #claimFor(rule: GroupRule): void {
    const { clock, store } = this.#host;
    const monotonic = clock.monotonic();
    for (const receiver of this.#receivers) receiver.expire(monotonic);
    const rooms = this.#receivers.map(({ room }) => room).filter((room) => room > 0);
    if (rooms.length === 0) {
      this.#wakeAt(
        this.#receivers.reduce((first, { nextExpiry }) => Math.min(first, nextExpiry), Number.POSITIVE_INFINITY),
      );
      return;
    }
    const max = Math.min(
      MOST_CLAIMED,
      rooms.reduce((sum, room) => sum + room),
    );
    const maxLength = Math.min(LONGEST_CLAIM, rooms.length * PAGE_BYTES);
    const fence = this.#receivers.findLast((receiver) => receiver.fence !== undefined)?.fence;
    const asked = { rule, max, maxLength, fence, time: clock.now(), monotonic };
    this.#claiming = true;
    const claimed = recover<Claim | null>(
      () => store.claim(this.ref, rule.delivery, { token: nanoid(12), max, maxLength, fence }),
      (error) => {
        this.#report('claimed', error);
        return null;
      },
    );
    void chain(claimed, (claim) => this.#handleSafely(claim, asked));
  }

  /** A fault with one claim must not end the process, nor the group's other claims. */
  #handleSafely(claim: Claim | null, asked: Asked): void {
    try {
      this.#handle(claim, asked);
    } catch (error) {
      this.#report('handed out', error);
      this.#wakeAt(this.#host.clock.monotonic() + ENGINE_RETRY);
    }
  }

  #handle(claim: Claim | null, asked: Asked): void {
    this.#claiming = false;
    if (claim === null) {
      for (const receiver of [...this.#receivers]) receiver.claimFailed?.();
      for (const receiver of [...this.#receivers]) receiver.claimEnded?.();
      this.#wakeAt(this.#host.clock.monotonic() + ENGINE_RETRY);
      return;
    }
    if (claim.isFenced === true) this.#endFenced(asked);
    for (const gap of this.#notices.newOf(claim.gaps)) this.#notify(gap);
    this.#distribute(claim, asked);
    for (const receiver of [...this.#receivers]) receiver.claimEnded?.();
    reportExpired(this.#host.events, this.ref, claim);
    if (claim.dead > 0) this.#host.died(this.ref, asked.rule, claim.dead);
    this.#wakeAt(asked.monotonic + claim.wait);
    if (this.#again || isCut(claim, asked)) this.mark();
    this.#again = false;
  }

  #endFenced({ fence }: Asked): void {
    for (const receiver of this.#receivers.filter((each) => each.fence === fence)) receiver.fenced?.();
  }

  #notify(gap: GroupGap): void {
    const receiver = this.#receivers.find(({ room }) => room > 0) ?? this.#receivers[0];
    if (receiver === undefined) return; // the next claim returns it again
    this.#host.events.emit('groupGap', { ...this.ref, reason: gap.reason });
    this.#notices.add(gap, receiver);
    receiver.gap(gap);
  }

  #distribute({ epoch, deliveries }: Claim, { rule, time, monotonic }: Asked): void {
    if (deliveries.length === 0) return;
    const shares = new Map<Receiver, Delivery[]>();
    const unwanted: string[] = [];
    for (const delivery of deliveries) {
      const receiver = this.#nextReceiver(shares);
      if (receiver === undefined) unwanted.push(delivery.id);
      else add(shares, receiver, delivery);
    }
    const { ackTimeout } = rule.delivery;
    for (const [receiver, share] of shares) {
      receiver.receive({ epoch, deliveries: share, deadline: time + ackTimeout, expires: monotonic + ackTimeout });
    }
    if (unwanted.length > 0) this.#giveBack(rule, unwanted, { type: 'return' }); // their receivers left while the engine was asked
    const repeated = deliveries.filter(({ attempt }) => attempt > 1).length;
    this.#host.events.emit('deliveriesSent', { ...this.ref, count: deliveries.length - unwanted.length, repeated });
  }

  /** The next one in turn that has room for one more than its share. */
  #nextReceiver(shares: ReadonlyMap<Receiver, readonly Delivery[]>): Receiver | undefined {
    const count = this.#receivers.length;
    for (let tried = 0; tried < count; tried++) {
      const receiver = this.#receivers[this.#next++ % count];
      if (receiver !== undefined && receiver.room > (shares.get(receiver)?.length ?? 0)) return receiver;
    }
    return undefined;
  }

  /** Runs at this time, or earlier. */
  #wakeAt(at: number): void {
    if (this.#receivers.length === 0 || at === Number.POSITIVE_INFINITY) return;
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.#timer?.timer.cancel();
    const { clock } = this.#host;
    const timer = clock.after(Math.max(0, at - clock.monotonic()), () => {
      this.#timer = undefined;
      this.mark();
    });
    this.#timer = { at, timer };
  }
}

/** Reports the messages that a claim has found expired. */
export function reportExpired(events: EventBus, ref: GroupRef, { expired: count, dropped }: Claim): void {
  if (count > 0) events.emit('messagesExpired', { ...ref, count, dropped });
}

/** Did it end before everything that was ready was claimed? */
function isCut({ deliveries }: Claim, { max, maxLength }: Asked): boolean {
  if (deliveries.length === max) return true;
  return deliveries.reduce((sum, { message }) => sum + message.json.length, 0) >= maxLength;
}

function add<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
