import { nanoid } from 'nanoid';
import { HeadMoved, type Log, UNTIL_SETTLED } from '../engine/engine.ts';
import type { GroupOptions, GroupRef, GroupStore } from '../engine/groups.ts';
import type { Clock } from '../util/clock.ts';

export interface SenderLeaseParts {
  /** The name of the endpoint. */
  readonly name: string;
  readonly log: Log;
  readonly groups: GroupStore;
  readonly clock: Clock;
}

/** Milliseconds after which another node takes the place of one that has crashed. */
export const LEASE = 15_000;

const GROUP = 'holder';
const OPTIONS: GroupOptions = {
  ackTimeout: LEASE,
  maxDeliveries: 0,
  backoff: [],
  orderBy: { kind: 'all' },
  maxUnacked: 1,
  start: 'oldest',
  queue: true,
  expires: null,
};

/**
 * Makes one node of all the sender of an endpoint: a queue with one message, which is delivered to
 * one node at a time and never acknowledged.
 */
export class SenderLease {
  readonly #parts: SenderLeaseParts;
  readonly #ref: GroupRef;
  #delivery: string | undefined;
  /** By the monotonic clock. */
  #until = 0;

  constructor(parts: SenderLeaseParts) {
    this.#parts = parts;
    this.#ref = { channel: `#webhooks-sender:${parts.name}`, group: GROUP };
  }

  get held(): boolean {
    return this.#delivery !== undefined && this.#parts.clock.monotonic() < this.#until;
  }

  /** @returns whether this node is the sender now */
  async acquire(): Promise<boolean> {
    await this.#createOnce();
    const until = this.#parts.clock.monotonic() + LEASE;
    const request = { token: nanoid(16), max: 1, maxLength: 1_000 };
    const { deliveries } = await this.#parts.groups.claim(this.#ref, OPTIONS, request);
    this.#delivery = deliveries[0]?.id;
    this.#until = until;
    return this.held;
  }

  /** @returns whether this node is still the sender */
  async renew(): Promise<boolean> {
    const until = this.#parts.clock.monotonic() + LEASE;
    if (await this.#settle('extend')) this.#until = until;
    else this.#delivery = undefined;
    return this.held;
  }

  /** Another node may be the sender at once. */
  async release(): Promise<void> {
    if (this.#delivery === undefined) return;
    await this.#settle('return');
    this.#delivery = undefined;
  }

  async #settle(type: 'extend' | 'return'): Promise<boolean> {
    if (this.#delivery === undefined) return false;
    const { accepted } = await this.#parts.groups.settle(this.#ref, OPTIONS, [this.#delivery], { type });
    return accepted[0] === true;
  }

  async #createOnce(): Promise<void> {
    const { log, clock } = this.#parts;
    const entry = { id: nanoid(), time: clock.now(), data: null };
    const queue = { group: GROUP, maxLength: 10, overflow: 'reject' } as const;
    try {
      await log.append(this.#ref.channel, entry, {
        retention: UNTIL_SETTLED,
        window: 0,
        queue,
        expected: { offset: 0 },
      });
    } catch (error) {
      if (!(error instanceof HeadMoved)) throw error; // otherwise it exists
    }
  }
}
