import type { ErrorName, Filter, GapReason, Position } from '@sluice/protocol';

/** A message whose delivery is asked for. */
export interface Subject {
  readonly channel: string;
  readonly epoch: string;
  readonly offset: number;
  /** Absent if the log does not hold the message any more, or never did. */
  readonly id?: string | undefined;
  readonly time?: number | undefined;
}

/** What became of a message on one connection. */
export type Outcome =
  /**
   * It was written to the connection. `at`: when, in ms since the Unix epoch, if remembered. `unread`:
   * bytes that still wait in the gateway for the client to read.
   */
  | { readonly outcome: 'delivered'; readonly via: 'fan-out' | 'replay' | null; readonly at?: number; unread?: number }
  /** It was announced on the node, and goes out at the end of the rule's `coalesce` window. */
  | { readonly outcome: 'waiting' }
  /** The engine has not announced it on the node yet. */
  | { readonly outcome: 'unannounced' }
  /** The subscription replays; the number is that of the messages up to this one. `unread`: as above. */
  | { readonly outcome: 'behind'; readonly by: number; readonly cause: string | null; readonly unread: number }
  /** It is part of a gap that the client was notified of. */
  | { readonly outcome: 'gap'; readonly from: Position; readonly to: Position; readonly reason: GapReason }
  /** The filter of the subscription, or the rule's, excludes it. */
  | { readonly outcome: 'filtered'; readonly filter: Filter }
  /** It had expired before it could be sent. */
  | { readonly outcome: 'expired'; readonly at: number }
  /** The subscription began after it. */
  | { readonly outcome: 'subscribed_later'; readonly start: Position }
  /** The subscription had ended: the client asked for it or lost the permission, or the backend ended it. */
  | { readonly outcome: 'unsubscribed'; readonly end: Position; readonly reason: 'asked' | 'permission' | 'removed' }
  /** The connection had closed. */
  | { readonly outcome: 'closed'; readonly code: number | null; readonly reason: string }
  /** The client tried to subscribe and was not permitted; `rule`: the rule's pattern. */
  | { readonly outcome: 'denied'; readonly rule: string | null; readonly detail: string }
  /** The client tried to subscribe and was refused for another reason. */
  | { readonly outcome: 'refused'; readonly error: ErrorName; readonly detail: string }
  /** The connection did not subscribe to the channel. `permission`: whether it might. */
  | { readonly outcome: 'never_subscribed'; readonly permission: string }
  /** The node cannot tell; `detail`: why not. */
  | { readonly outcome: 'unknown'; readonly detail: string };

export type OutcomeName = Outcome['outcome'];

/** What became of the message on one connection, in words as well. */
export type Verdict = Outcome & {
  readonly connection: string;
  readonly user: string | null;
  /** Is the connection open? */
  readonly open: boolean;
  /** The channel or the pattern of the subscription, and its id. */
  readonly subscription?: string;
  readonly sub?: number;
  readonly message: string;
};

/** Outcomes from the best to the worst: the first one sums up several connections of a user. */
export const BEST_FIRST: readonly OutcomeName[] = [
  ...(['delivered', 'waiting', 'behind', 'unannounced', 'gap', 'expired', 'filtered', 'unsubscribed'] as const),
  ...(['closed', 'subscribed_later', 'denied', 'refused', 'never_subscribed', 'unknown'] as const),
];

const range = (from: Position, to: Position): string =>
  from.epoch === to.epoch ? `[${from.offset + 1}, ${to.offset}]` : `up to ${to.offset} of the new epoch`;

/** Why a log did not continue, or was not sent. */
const GAPS: Readonly<Record<GapReason, string>> = {
  retention: 'the log no longer held it when it was its turn. Keep a longer history',
  purged: 'an operator removed it from the log',
  no_history: 'the channel keeps no history, and the connection could not take it at once. Add "history" to the rule',
  epoch_changed: 'the log began anew, without the older messages',
  slow_reader: 'the client read too slowly, and the rule skips messages for slow readers ("slow")',
};

const CAUSES: Readonly<Record<string, string>> = {
  start: 'it began in the past',
  slow_reader: 'the client reads too slowly',
  feed: "the engine's feed was interrupted",
  filter: 'its filter has changed',
};

const VIA = { 'fan-out': 'at once, by fan-out', replay: 'by replay from the log' } as const;

const unreadWords = (bytes: number | undefined): string =>
  bytes === undefined || bytes === 0 ? '' : `; ${bytes} bytes still wait for the client to read them`;

/** Why a subscription ended. */
const ENDINGS = {
  asked: 'the client asked for it',
  permission: 'the client lost the permission',
  removed: 'the backend ended it',
} as const;

/** The outcome in one sentence. */
export function wordsFor(outcome: Outcome, { offset }: Subject): string {
  switch (outcome.outcome) {
    case 'delivered': {
      const { via, at, unread } = outcome;
      const when = at === undefined ? '' : ` on ${new Date(at).toISOString()}`;
      return `written to the connection${when}${via === null ? '' : `, ${VIA[via]}`}${unreadWords(unread)}`;
    }
    case 'waiting':
      return 'waits for the end of the window in which the rule collects messages ("coalesce")';
    case 'unannounced':
      return 'the node has not heard of it yet: its feed from the engine may be interrupted, and is repaired by replay';
    case 'behind': {
      const { by, cause, unread } = outcome;
      const why = cause === null ? '' : ` because ${CAUSES[cause] ?? cause}`;
      return `the subscription replays from the log${why} and is still behind by ${by} messages${unreadWords(unread)}`;
    }
    case 'gap':
      return `skipped by the gap ${range(outcome.from, outcome.to)}: ${GAPS[outcome.reason]}`;
    case 'filtered':
      return 'the filter of the subscription excludes it';
    case 'expired':
      return `expired on ${new Date(outcome.at).toISOString()}, before it could be sent`;
    case 'subscribed_later':
      return `the subscription began after offset ${outcome.start.offset}, and the message has offset ${offset}. Subscribe with "rewind" or "since" to receive earlier messages`;
    case 'unsubscribed':
      return `the subscription had ended at offset ${outcome.end.offset}, because ${ENDINGS[outcome.reason]}`;
    case 'closed':
      return `the connection had closed${outcome.code === null ? '' : ` with ${outcome.code}`}${outcome.reason === '' ? '' : `: ${outcome.reason}`}`;
    case 'denied':
      return `the subscription was denied: ${outcome.detail}`;
    case 'refused':
      return `the subscription was refused with "${outcome.error}": ${outcome.detail}`;
    case 'never_subscribed':
      return `the connection has not subscribed to the channel. ${outcome.permission}`;
    case 'unknown':
      return outcome.detail;
  }
}
