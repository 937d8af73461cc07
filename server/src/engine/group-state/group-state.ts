import type { Position } from '@sluice/protocol';
import { formatDeliveryId, parseDeliveryId } from '../delivery-id.ts';
import {
  type Claim,
  type ClaimRequest,
  type DeadLetter,
  type DeadPage,
  type DeathReason,
  type Delivery,
  type GroupGap,
  type GroupStats,
  MOST_EXPIRED,
  type Outcome,
  type Settled,
} from '../groups.ts';
import type { LoggedMessage } from '../logged-message.ts';
import { backoffOf, FULL_DELAY } from './backoff.ts';
import { DeadLetters } from './dead-letters.ts';
import { Entry } from './entry.ts';
import { fencedClaim } from './fenced-claim.ts';
import { GapList } from './gap-list.ts';
import { numbersOf } from './group-numbers.ts';
import { messageOf } from './message-of.ts';
import type { GroupLog, GroupRecord, GroupSurroundings, Moment, Operation } from './operation.ts';
import { orderKeyOf, STRICT } from './order-lines.ts';
import { type Expiring, hasExpired, type Overdue, withoutExpiry } from './overdue.ts';
import { Unsettled } from './unsettled.ts';

/**
 * A consumer group as a state machine: no input, no output, no clock. Engines that keep groups in
 * this process's memory use it; `GroupStore` says what each operation means. After each operation, a
 * queue drops from its log what the floor has passed.
 */
export class GroupState {
  readonly #vary: () => number;
  readonly #unsettled: Unsettled;
  readonly #dead: DeadLetters;
  #epoch: string;
  readonly #gaps: GapList;
  #fence: string | undefined;
  /** Since the latest claim. */
  #overdue: Overdue = { expired: 0, dropped: 0 };

  constructor(record: GroupRecord, { vary = Math.random, observer }: GroupSurroundings = {}) {
    this.#vary = vary;
    this.#epoch = record.position.epoch;
    this.#gaps = new GapList(record.gaps);
    this.#fence = record.fence;
    this.#unsettled = new Unsettled(record.position.offset, record.entries, (entry) => observer?.entry(entry));
    this.#dead = new DeadLetters(record.letters, record.ordinal, (ordinal, letter) =>
      observer?.letter(ordinal, letter),
    );
  }

  /** The newest message that was read from the log. */
  get position(): Position {
    return { epoch: this.#epoch, offset: this.#unsettled.next };
  }

  /** Every message up to this offset is settled. */
  get floor(): number {
    return this.#unsettled.floor;
  }

  /** Gaps that are not confirmed. */
  get gaps(): readonly GroupGap[] {
    return this.#gaps.all;
  }

  /** What claims must carry. */
  get fence(): string | undefined {
    return this.#fence;
  }

  /** Ordinal of the latest dead letter. */
  get ordinal(): number {
    return this.#dead.ordinal;
  }

  /** Has it nothing but its position? */
  get isIdle(): boolean {
    return this.#unsettled.size === 0 && this.#dead.size === 0 && this.#gaps.all.length === 0;
  }

  /** Unsettled messages. */
  lengthOf({ epoch, head, first }: Pick<GroupLog, 'epoch' | 'head' | 'first'>): number {
    if (epoch !== this.#epoch) return head - first + 1;
    return head - this.#unsettled.next + this.#unsettled.size;
  }

  /** Only claims that carry this fence are executed from now on. They begin at the floor. */
  setFence(log: GroupLog, fence: string): void {
    this.#adopt(log);
    this.#fence = fence;
    for (const entry of this.#unsettled.timed) this.#return(entry);
  }

  claim(operation: Operation, { token, max, maxLength, fence }: ClaimRequest): Claim {
    this.#adopt(operation.log);
    if (fence !== this.#fence) return fencedClaim(this.#epoch, operation.options);
    this.#handleDue(operation);
    const deliveries: Delivery[] = [];
    const overdue = this.#overdue;
    this.#overdue = { expired: 0, dropped: 0 };
    let length = 0;
    while (deliveries.length < max && length < maxLength && overdue.expired < MOST_EXPIRED) {
      const entry = this.#unsettled.takeReady() ?? this.#takeFresh(operation);
      if (entry === undefined) break;
      const message = messageOf(entry, operation.log);
      if (message === undefined) this.#lose(entry, operation.log);
      else if (hasExpired(message, operation.at)) this.#expire({ entry, message, overdue }, operation.at);
      else {
        length += message.json.length;
        deliveries.push(this.#deliver(entry, message, { token, operation }));
      }
    }
    this.#detach(operation);
    const untilDue = Math.max(0, this.#unsettled.nextDue - operation.at.now);
    const wait = overdue.expired < MOST_EXPIRED ? Math.min(operation.options.ackTimeout, untilDue) : 0;
    return { epoch: this.#epoch, deliveries, gaps: this.#gaps.all, wait, dead: this.#dead.size, ...overdue };
  }

  settle(operation: Operation, ids: readonly string[], outcome: Outcome): Settled {
    this.#adopt(operation.log);
    const accepted = ids.map((id) => {
      const entry = this.#find(id, operation.at.now);
      if (entry !== undefined) this.#apply(entry, outcome, operation);
      return entry !== undefined;
    });
    this.#detach(operation);
    return { accepted, dead: this.#dead.size };
  }

  /**
   * The log of a queue must not grow without bound behind a message that stays unsettled: the group
   * keeps that one itself.
   */
  #detach({ log, options }: Operation): void {
    const { queue, maxSettled = Number.POSITIVE_INFINITY } = options;
    while (queue && this.#unsettled.settledAbove > maxSettled) {
      const entry = this.#unsettled.get(this.#unsettled.floor + 1);
      if (entry === undefined) return;
      const message = messageOf(entry, log);
      if (message === undefined) this.#lose(entry, log);
      else this.#unsettled.detach(entry, message);
    }
  }

  confirmGaps(gaps: readonly GroupGap[]): void {
    this.#gaps.confirm(gaps);
  }

  /** @param now when: what has been due since then is handled by the next claim */
  stats(log: GroupLog, now: number): GroupStats {
    this.#adopt(log);
    return numbersOf(this.#unsettled, this.#dead, { log, now });
  }

  seek(log: GroupLog, offset: number): Position {
    this.#adopt(log);
    for (const lost of this.#unsettled.offsets) {
      if (lost > offset && lost < log.first) this.#gaps.lost(log, lost - 1, lost);
    }
    this.#unsettled.reset(Math.min(Math.max(offset, log.first - 1), log.head));
    return this.position;
  }

  dead(after: number, limit: number): DeadPage {
    return this.#dead.page(after, limit);
  }

  bury(ordinals: readonly number[]): number {
    return this.#dead.remove(ordinals);
  }

  /** A letter stays dead if it died in another epoch, or if the group was moved back before its offset. */
  redrive({ log, options }: Pick<Operation, 'log' | 'options'>, ordinals: readonly number[] | null): number {
    this.#adopt(log);
    let redriven = 0;
    for (const ordinal of ordinals ?? this.#dead.ordinals) {
      const message = this.#redrivable(ordinal);
      if (message === undefined) continue;
      this.#dead.remove([ordinal]);
      const again = withoutExpiry(message);
      this.#unsettled.enter(new Entry(again.offset, orderKeyOf(again.message, options.orderBy), again));
      redriven++;
    }
    return redriven;
  }

  #redrivable(ordinal: number): LoggedMessage | undefined {
    const letter = this.#dead.get(ordinal);
    if (letter === undefined || letter.epoch !== this.#epoch) return undefined;
    const { offset } = letter.message;
    const isSettled = offset <= this.#unsettled.next && this.#unsettled.get(offset) === undefined;
    return isSettled ? letter.message : undefined;
  }

  /** The queue is full: lets the oldest messages die that were not taken yet and have expired. Returns whether there was one. */
  expireOldest({ log, at }: Pick<Operation, 'log' | 'at'>): boolean {
    this.#adopt(log);
    const before = this.#unsettled.next;
    for (let offset = before + 1; offset <= Math.min(log.head, before + MOST_EXPIRED); offset++) {
      if (this.#dead.isFull || !hasExpired(log.at(offset), at)) break;
      this.#passOver(log.at(offset), 'expired', at);
      this.#overdue.expired++;
    }
    return this.#unsettled.next > before;
  }

  /** The queue is full: lets the oldest message die that was not delivered yet. Returns whether there was one. */
  dropOldest({ log, at }: Pick<Operation, 'log' | 'at'>): boolean {
    this.#adopt(log);
    const { oldestUndelivered, next } = this.#unsettled;
    if (this.#dead.isFull || (oldestUndelivered === undefined && next >= log.head)) return false;
    if (oldestUndelivered === undefined) this.#passOver(log.at(next + 1), 'overflow', at);
    else this.#letDie(oldestUndelivered, 'overflow', { log, at });
    return true;
  }

  /** The next message of the log dies, without being taken. */
  #passOver(message: LoggedMessage, reason: DeathReason, { time }: Moment): void {
    this.#unsettled.advance(message.offset);
    this.#dead.add({ epoch: this.#epoch, reason, deliveries: 0, time, message });
  }

  /** Adopts what has happened to the log. */
  #adopt(log: GroupLog): void {
    const { epoch, first } = log;
    const { next } = this.#unsettled;
    if (epoch !== this.#epoch) {
      const from = { epoch: this.#epoch, offset: this.#unsettled.oldest - 1 };
      this.#gaps.renewed(from, { epoch, offset: first - 1 });
      this.#epoch = epoch;
      this.#unsettled.reset(first - 1);
    } else if (first > next + 1) {
      this.#gaps.lost(log, next, first - 1);
      this.#unsettled.advance(first - 1);
    }
  }

  /** Ends deliveries that have expired, and backoffs. */
  #handleDue(operation: Operation): void {
    const { now } = operation.at;
    for (let entry = this.#unsettled.takeDue(now); entry !== undefined; entry = this.#unsettled.takeDue(now)) {
      if (entry.phase === 'in_flight') this.#retry(entry, operation, { from: entry.due });
      else this.#unsettled.makeReady(entry);
    }
  }

  /** Takes the next message from the log that its order allows to deliver. */
  #takeFresh({ log, options }: Operation): Entry | undefined {
    const { orderBy, maxUnacked } = options;
    const unsettled = this.#unsettled;
    while (unsettled.next < log.head && unsettled.size < maxUnacked) {
      if (orderBy?.kind === 'all' && unsettled.isBusy(STRICT)) return undefined;
      const offset = unsettled.next + 1;
      const key = orderBy === null ? null : orderKeyOf(log.at(offset).message, orderBy);
      if (unsettled.enter(new Entry(offset, key))) return unsettled.takeReady();
    }
    return undefined;
  }

  #lose(entry: Entry, log: GroupLog): void {
    this.#gaps.lost(log, entry.offset - 1, entry.offset);
    this.#unsettled.end(entry);
  }

  #deliver(entry: Entry, message: LoggedMessage, by: { token: string; operation: Operation }): Delivery {
    const { token, operation } = by;
    entry.token = token;
    entry.attempt++;
    this.#unsettled.moveUntil(entry, 'in_flight', operation.at.now + operation.options.ackTimeout);
    const id = formatDeliveryId({ offset: entry.offset, token, epoch: this.#epoch });
    return { id, attempt: entry.attempt, message };
  }

  /** The entry whose delivery this is, if it has not expired. */
  #find(id: string, now: number): Entry | undefined {
    const parsed = parseDeliveryId(id);
    if (parsed === null || parsed.epoch !== this.#epoch) return undefined;
    const entry = this.#unsettled.get(parsed.offset);
    return entry?.phase === 'in_flight' && entry.token === parsed.token && entry.due > now ? entry : undefined;
  }

  #apply(entry: Entry, outcome: Outcome, operation: Operation): void {
    const { now } = operation.at;
    if ('error' in outcome) entry.error = outcome.error ?? entry.error;
    switch (outcome.type) {
      case 'ack':
        this.#unsettled.end(entry);
        break;
      case 'nack':
        this.#retry(entry, operation, { from: now, delay: outcome.delay });
        break;
      case 'reject':
        this.#die(entry, 'rejected', operation);
        break;
      case 'return':
        this.#return(entry);
        break;
      case 'extend':
        this.#unsettled.extend(entry, now + operation.options.ackTimeout);
        break;
      case 'release':
        this.#unsettled.shorten(entry, now + outcome.grace);
    }
  }

  #return(entry: Entry): void {
    if (entry.phase === 'in_flight') entry.attempt--;
    this.#unsettled.makeReady(entry);
  }

  /** Its delivery failed: it dies, or is ready again after the delay, by default the backoff. */
  #retry(entry: Entry, operation: Operation, { from, delay }: { from: number; delay?: number | undefined }): void {
    const { maxDeliveries } = operation.options;
    if (maxDeliveries > 0 && entry.attempt >= maxDeliveries) this.#die(entry, 'max_deliveries', operation);
    else this.#delay(entry, from + (delay ?? backoffOf(entry, operation.options, this.#vary)), operation.at);
  }

  #delay(entry: Entry, until: number, { now }: Moment): void {
    if (until <= now) this.#unsettled.makeReady(entry);
    else this.#unsettled.moveUntil(entry, 'delayed', until);
  }

  /** It must not be delivered any more: it dies, or is dropped if the dead list is full. */
  #expire({ entry, message, overdue }: Expiring, { time }: Moment): void {
    overdue.expired++;
    if (this.#dead.isFull) overdue.dropped++;
    else this.#addLetterOf(entry, { reason: 'expired', time, message });
    this.#unsettled.end(entry);
  }

  #addLetterOf({ attempt: deliveries, error }: Entry, death: Pick<DeadLetter, 'reason' | 'time' | 'message'>): void {
    const letter = { epoch: this.#epoch, deliveries, ...death };
    this.#dead.add(error === undefined ? letter : { ...letter, error });
  }

  #die(entry: Entry, reason: DeathReason, { log, options, at }: Operation): void {
    const wait = Math.max(FULL_DELAY, backoffOf(entry, options, this.#vary));
    if (this.#dead.isFull) this.#delay(entry, at.now + wait, at);
    else this.#letDie(entry, reason, { log, at });
  }

  #letDie(entry: Entry, reason: DeathReason, { log, at }: Pick<Operation, 'log' | 'at'>): void {
    const message = messageOf(entry, log);
    if (message !== undefined) this.#addLetterOf(entry, { reason, time: at.time, message });
    else this.#gaps.lost(log, entry.offset - 1, entry.offset);
    this.#unsettled.end(entry);
  }
}
