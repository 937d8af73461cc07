import type { ChannelInput } from '../../../server/src/config/config.ts';
import { customerOf } from '../channels.ts';

const WORKED_ON = { publish: 'users', consume: 'users' } as const;
const ALL = { count: 1_000_000, age: '1d' } as const;

/** The rules of the channels whose messages are worked on, by the first segment of a channel's name. */
export const WORK_RULES = {
  /** One customer's messages are processed in order. A message never dies. */
  work: {
    allow: WORKED_ON,
    queue: { ackTimeout: '2s', maxDeliveries: 0, backoff: ['100ms'], orderBy: 'tag:customer', prefetch: 8 },
  },
  /** Messages die after three deliveries, or if a worker says so. */
  risky: {
    allow: WORKED_ON,
    queue: { ackTimeout: '2s', maxDeliveries: 3, backoff: [0, '200ms'], deadLetter: 'dead:{name}', prefetch: 8 },
  },
  /** Two groups get each message. A closed connection releases its deliveries before they expire. */
  feed: {
    allow: WORKED_ON,
    history: ALL,
    groups: {
      billing: { ackTimeout: '6s', maxDeliveries: 0, backoff: ['100ms'] },
      audit: { ackTimeout: '6s', maxDeliveries: 0, backoff: [], orderBy: 'all' },
    },
  },
  /** Dead letters. */
  dead: { allow: { history: 'users' }, history: ALL },
  /** Scheduled messages. */
  later: { allow: { history: 'users' }, history: ALL, schedule: {} },
  /** Requests. */
  ask: { allow: { request: 'users', respond: 'users' }, requests: { timeout: '3s', maxTimeout: '5s' } },
} as const satisfies Record<string, ChannelInput>;

/** Channels whose messages are consumed. */
export const WORK_CHANNELS = ['work:a', 'risky:a', 'feed:a'] as const;

export const DEAD = 'dead:a';
export const LATER = 'later:a';
export const ASK = 'ask:a';

/** A consumer group of the run, and what it promises in addition to the promises of all. */
export interface GroupPlan {
  readonly channel: string;
  readonly group: string;
  /** Messages with the same value are processed in the order of their offsets; `undefined`: there is no order. */
  readonly orderOf: ((n: number) => string) | undefined;
  /** Deliveries after which a message dies; 0: never. */
  readonly maxDeliveries: number;
  /** May workers let its messages die? */
  readonly mayDie: boolean;
}

const UNORDERED = { orderOf: undefined, maxDeliveries: 0, mayDie: false };

/** All consumer groups of a run. */
export const GROUPS: readonly GroupPlan[] = [
  { ...UNORDERED, channel: 'work:a', group: 'queue', orderOf: customerOf },
  { ...UNORDERED, channel: 'risky:a', group: 'queue', maxDeliveries: 3, mayDie: true },
  { ...UNORDERED, channel: 'feed:a', group: 'billing' },
  { ...UNORDERED, channel: 'feed:a', group: 'audit', orderOf: () => 'all' },
];
