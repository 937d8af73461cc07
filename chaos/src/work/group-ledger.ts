import type { Position } from '@sluice/protocol';
import { at } from '../../../server/test/support/delivery-rules.ts';
import type { GroupPlan } from './rules.ts';

/** A delivery, as its consumer received it. */
export interface Received extends Position {
  readonly id: string;
  /** The number of the publish. */
  readonly n: number;
  readonly attempt: number;
  /** When it expires, in milliseconds since the Unix epoch. */
  readonly deadline: number;
  /** The connection or the request that received it. */
  readonly holder: object;
}

/** `nack`: deliver it again. `dead`: let it die. */
export type SettlementKind = 'ack' | 'nack' | 'dead';

/** A settlement that was sent to the gateway, which may have carried it out even if no answer came. */
export interface Settlement {
  readonly kind: SettlementKind;
  readonly ids: readonly string[];
}

/** A dead letter, from the group's list or from the channel of dead letters. */
export interface Letter extends Position {
  readonly reason: string;
  readonly deliveries: number;
}

interface Held {
  readonly received: Received;
  deadline: number;
  /** Was it given back, or may it have been? Then another consumer may get the message at once. */
  isGivenBack: boolean;
}

interface Settling {
  readonly kind: SettlementKind;
  readonly attempt: number;
  readonly step: number;
  outcome: 'unknown' | 'accepted' | 'refused';
}

/** What is known of one message of the group. */
interface Entry extends Position {
  readonly n: number;
  /** The step of the first delivery. */
  readonly since: number;
  latest: Held;
  readonly settlings: Settling[];
}

/** Milliseconds by which two clocks of one machine differ at most: one ticks in whole milliseconds. */
const SLACK = 50;

/**
 * Everything that the consumers of one group received, sent and were answered. It checks the promises
 * of docs/queues.md: a settlement that was acknowledged is final, a message is at one consumer at a
 * time, an order is kept, and no message is lost.
 */
export class GroupLedger {
  readonly plan: GroupPlan;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();
  readonly #held = new Map<string, Held>();
  /** Those without an answer: what they settle, in the order of their ids. */
  readonly #settlings = new Map<Settlement, readonly (Settling | undefined)[]>();
  #step = 0;
  deliveries = 0;
  redeliveries = 0;
  settled = 0;

  /** @param now milliseconds since the Unix epoch, by the clock of the gateways */
  constructor(plan: GroupPlan, now: () => number) {
    this.plan = plan;
    this.#now = now;
  }

  get #name(): string {
    return `${this.plan.channel} ${this.plan.group}`;
  }

  /** Returns what is wrong with a delivery, compared with what happened before. */
  received(received: Received): string | undefined {
    this.deliveries++;
    if (received.attempt > 1) this.redeliveries++;
    const step = ++this.#step;
    const entry = this.#entries.get(at(received));
    const held: Held = { received, deadline: received.deadline, isGivenBack: false };
    const problem = this.#held.has(received.id)
      ? 'the same delivery came twice'
      : entry && this.#check(entry, received);
    this.#held.set(received.id, held);
    if (entry === undefined) {
      const { epoch, offset, n } = received;
      this.#entries.set(at(received), { epoch, offset, n, since: step, latest: held, settlings: [] });
    } else if (received.attempt > entry.latest.received.attempt) entry.latest = held;
    return problem && this.#about(received, problem);
  }

  #about(entry: Position & { readonly n: number }, problem: string): string {
    return `${this.#name}: message ${entry.n} at ${at(entry)}: ${problem}`;
  }

  #check(entry: Entry, { attempt }: Received): string | undefined {
    const final = entry.settlings.find((settling) => settling.kind !== 'nack' && settling.outcome === 'accepted');
    // A delivery that was on its way for long may arrive after a later one was settled.
    if (final !== undefined && attempt > final.attempt)
      return `delivery ${attempt} came after the ${final.kind} of delivery ${final.attempt} had been accepted`;
    const { received, deadline, isGivenBack } = entry.latest;
    const early = Math.round(deadline - this.#now());
    if (attempt > received.attempt && !isGivenBack && early > SLACK)
      return `delivery ${attempt} came ${early} ms before delivery ${received.attempt} expires`;
    return undefined;
  }

  /** A settlement leaves: from now on the gateway may have carried it out. */
  settles(kind: SettlementKind, ids: readonly string[]): Settlement {
    const step = ++this.#step;
    const settlement = { kind, ids };
    const settlings = ids.map((id) => {
      const held = this.#held.get(id);
      const entry = held && this.#entries.get(at(held.received));
      if (held === undefined || entry === undefined) return undefined;
      held.isGivenBack ||= kind !== 'ack';
      const settling: Settling = { kind, attempt: held.received.attempt, step, outcome: 'unknown' };
      entry.settlings.push(settling);
      return settling;
    });
    this.#settlings.set(settlement, settlings);
    return settlement;
  }

  /** The gateway has answered. `expired`: ids that were not in flight. */
  answered(settlement: Settlement, expired: readonly string[]): void {
    const refused = new Set(expired);
    for (const [index, settling] of (this.#settlings.get(settlement) ?? []).entries()) {
      if (settling === undefined) continue;
      const isRefused = refused.has(settlement.ids[index] ?? '');
      settling.outcome = isRefused ? 'refused' : 'accepted';
      if (!isRefused) this.settled++;
    }
    this.#settlings.delete(settlement);
  }

  /** Deliveries were extended. */
  extended(ids: readonly string[], deadline: number): void {
    for (const id of ids) {
      const held = this.#held.get(id);
      if (held !== undefined) held.deadline = deadline;
    }
  }

  /** Its connection has gone, or may have gone without its knowledge: the gateway may give the messages to others. */
  lost(holder: object): void {
    for (const held of this.#held.values()) if (held.received.holder === holder) held.isGivenBack = true;
  }

  /** Lists messages that were delivered before the one before them in their order was settled. */
  disorder(): string[] {
    const { orderOf } = this.plan;
    if (orderOf === undefined) return [];
    const latest = new Map<string, Entry>();
    return [...this.#entries.values()]
      .sort((a, b) => a.offset - b.offset)
      .flatMap((entry) => {
        const line = `${entry.epoch} ${orderOf(entry.n)}`;
        const before = latest.get(line);
        latest.set(line, entry);
        if (before === undefined || firstFinal(before) < entry.since) return [];
        return [this.#about(entry, `was delivered before message ${before.n} at ${at(before)} was settled`)];
      });
  }

  /** Lists messages that are neither acknowledged nor dead. */
  lostMessages(published: readonly (Position & { readonly n: number })[], letters: readonly Letter[]): string[] {
    const dead = new Set(letters.map((letter) => at(letter)));
    return published.flatMap((message) => {
      if (dead.has(at(message))) return [];
      const settlings = this.#entries.get(at(message))?.settlings ?? [];
      if (settlings.some(({ kind, outcome }) => kind === 'ack' && outcome !== 'refused')) return [];
      return [this.#about(message, `is lost: neither acknowledged nor dead, after ${describe(settlings)}`)];
    });
  }

  /** Lists dead letters that should not exist. */
  wrongLetters(letters: readonly Letter[]): string[] {
    const dead = new Map(letters.map((letter) => [at(letter), letter]));
    return letters.flatMap((letter) => {
      const problem = dead.get(at(letter)) === letter ? this.#judge(letter) : 'is dead twice';
      return problem ? [this.#about({ ...letter, n: this.#entries.get(at(letter))?.n ?? 0 }, problem)] : [];
    });
  }

  #judge(letter: Letter): string | undefined {
    const settlings = this.#entries.get(at(letter))?.settlings ?? [];
    const { maxDeliveries } = this.plan;
    if (settlings.some(({ kind, outcome }) => kind === 'ack' && outcome === 'accepted'))
      return 'is dead although its ack was accepted';
    if (letter.reason === 'rejected') {
      const isRejected = settlings.some(({ kind, outcome }) => kind === 'dead' && outcome !== 'refused');
      return isRejected ? undefined : 'was rejected by nobody';
    }
    const mayDie = letter.reason === 'max_deliveries' && maxDeliveries > 0 && letter.deliveries === maxDeliveries;
    return mayDie ? undefined : `is dead by ${letter.reason} after ${letter.deliveries} deliveries`;
  }
}

/** The step of the first settlement after which the next message of the order may be delivered. */
function firstFinal({ settlings }: Entry): number {
  const steps = settlings.filter(({ kind, outcome }) => kind !== 'nack' && outcome !== 'refused');
  return Math.min(...steps.map(({ step }) => step));
}

const describe = (settlings: readonly Settling[]): string =>
  settlings.length === 0
    ? 'no settlement'
    : settlings.map(({ kind, attempt, outcome }) => `${kind} of delivery ${attempt} ${outcome}`).join(', ');
