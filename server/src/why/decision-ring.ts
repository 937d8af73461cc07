import type { Conditions, ErrorName, GapReason, Position } from '@sluice/protocol';
import type { EventBus, Events } from '../events.ts';
import type { Clock } from '../util/clock.ts';
import { RecentEntries } from '../util/recent-entries.ts';
import { type IdNumbers, PublishedMessages } from './published-messages.ts';
import { SendTimes } from './send-times.ts';

/** What happened to a connection. `log`: the channel whose log is concerned. */
export type Decision = { readonly time: number; readonly connection: string } & (
  | { readonly kind: 'authenticated'; readonly user: string | null }
  | {
      readonly kind: 'subscribed';
      readonly channel: string;
      readonly log: string;
      readonly sub: number | undefined;
      readonly start: Position;
      readonly conditions: Conditions | undefined;
    }
  | {
      readonly kind: 'unsubscribed';
      readonly log: string;
      readonly sub: number | undefined;
      readonly end: Position;
      readonly reason: Events['unsubscribed']['reason'];
    }
  | {
      readonly kind: 'gap';
      readonly log: string;
      readonly sub: number | undefined;
      readonly from: Position;
      readonly to: Position;
      readonly reason: GapReason;
    }
  | { readonly kind: 'replaying'; readonly log: string; readonly cause: Events['replaying']['cause'] }
  | {
      readonly kind: 'refused';
      /** Every refused `subscribe`; of other commands those that were denied. */
      readonly command: string;
      readonly channel: string;
      readonly error: ErrorName;
      readonly detail: string;
    }
  | { readonly kind: 'closed'; readonly user: string | null; readonly code: number; readonly reason: string }
);

/** What the ring receives, and what it needs to read it. */
export interface DecisionSources {
  readonly events: EventBus;
  readonly clock: Clock;
  readonly ids: IdNumbers;
}

/** Messages are more frequent than decisions, and their entries are small. */
const MESSAGES_PER_DECISION = 4;

/**
 * What this node remembers about its connections, to explain later what became of a message: the
 * latest decisions, and when messages were sent. It only receives events.
 */
export class DecisionRing {
  readonly decisions: RecentEntries<Decision>;
  readonly fanOuts: SendTimes;
  readonly replays: SendTimes;
  readonly published: PublishedMessages;
  readonly #clock: Clock;

  /** @param capacity how many decisions are remembered; 0: none, and no event is received */
  constructor(capacity: number, { events, clock, ids }: DecisionSources) {
    this.decisions = new RecentEntries(capacity);
    this.fanOuts = new SendTimes(capacity * MESSAGES_PER_DECISION);
    this.replays = new SendTimes(capacity);
    this.published = new PublishedMessages(capacity * MESSAGES_PER_DECISION, ids);
    this.#clock = clock;
    if (capacity === 0) return;
    this.#receiveDecisions(events);
    this.#receiveMessages(events);
  }

  /** The time from which on nothing has been forgotten; `undefined` if nothing is remembered. */
  get since(): number | undefined {
    const [oldest] = this.decisions;
    return oldest?.time;
  }

  #receiveDecisions(events: EventBus): void {
    const { decisions } = this;
    events.on('authenticated', ({ connection, user }) =>
      decisions.add({ kind: 'authenticated', time: this.#now, connection, user }),
    );
    events.on('subscribed', ({ connection, channel, log, sub, start, conditions }) =>
      decisions.add({ kind: 'subscribed', time: this.#now, connection, channel, log, sub, start, conditions }),
    );
    events.on('unsubscribed', ({ connection, log, sub, end, reason }) =>
      decisions.add({ kind: 'unsubscribed', time: this.#now, connection, log, sub, end, reason }),
    );
    events.on('gap', ({ connection, channel: log, sub, from, to, reason }) =>
      decisions.add({ kind: 'gap', time: this.#now, connection, log, sub, from, to, reason }),
    );
    events.on('replaying', ({ connection, channel: log, cause }) =>
      decisions.add({ kind: 'replaying', time: this.#now, connection, log, cause }),
    );
    events.on('refused', ({ connection, command, channel, error, detail }) => {
      if (channel === undefined || (command !== 'subscribe' && error !== 'permission_denied')) return;
      decisions.add({ kind: 'refused', time: this.#now, connection, command, channel, error, detail });
    });
    events.on('connectionClosed', ({ connection, user, code, reason }) =>
      decisions.add({ kind: 'closed', time: this.#now, connection, user, code, reason }),
    );
  }

  #receiveMessages(events: EventBus): void {
    events.on('published', ({ number, channel, offset }) => this.published.add(number, channel, offset));
    events.on('delivered', ({ channel, after, offset }) =>
      this.fanOuts.add({ connection: '', channel, after, offset, time: this.#now }),
    );
    events.on('replayed', ({ connection, channel, after, offset }) =>
      this.replays.add({ connection, channel, after, offset, time: this.#now }),
    );
  }

  get #now(): number {
    return this.#clock.now();
  }
}
