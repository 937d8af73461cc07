import type { Pattern } from '@sluice/protocol';
import type { Schema } from '@sluice/protocol/contracts';
import type { Grants } from './auth/acl.ts';

/** What a cursor does that cannot keep up: catch up, skip to the newest, report the loss, or close the connection. */
export type SlowPolicy = 'replay' | 'latest' | 'drop' | 'disconnect';

/** How much of a channel's log is kept: at most so many messages, none older than so many ms. */
export interface HistoryBounds {
  readonly count: number;
  /** Milliseconds. */
  readonly age: number;
}

/** So much per second on average, and a burst at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** How presence works on a channel. Durations in ms. */
export interface PresenceRule {
  /** How long a closed connection still counts. */
  readonly grace: number;
  /** Changes are gathered so long before they go out together. */
  readonly interval: number;
  /** With more members only their number is told. */
  readonly listUpTo: number;
  /** Bytes of a member's state, as JSON. */
  readonly state: number;
}

/** What tells apart the messages of which a slow reader gets the newest each: the publisher, or a tag. */
export type LatestBy = { readonly kind: 'from' } | { readonly kind: 'tag'; readonly tag: string };

/** What a contract says about payloads. */
export interface RuleSchemas {
  /** Of `data`; with `events`, where there is no event. `null`: not checked, or refused where `events` are given. */
  readonly message: Schema | null;
  /** Of `data` by event; others are refused. `null`: any event goes. */
  readonly events: ReadonlyMap<string, Schema> | null;
  /** Of a member's state; `null`: not checked. */
  readonly presence: Schema | null;
}

/** One channel rule, resolved: all that the configuration says about the channels of a pattern. */
export interface Rule {
  readonly pattern: Pattern;
  readonly allow: Grants;
  /** `null`: the channels keep no history. */
  readonly history: HistoryBounds | null;
  /** Do messages name their publisher? */
  readonly from: boolean;
  readonly slow: SlowPolicy;
  /** With `slow: latest`: newest of each key; `null`: the newest of all. */
  readonly latestBy: LatestBy | null;
  /** Publishes of one connection; `null`: unlimited. */
  readonly rate: Rate | null;
  readonly presence: PresenceRule;
  /** Bytes of a message's `data` as JSON. */
  readonly maxPayload: number;
  /** How long a publish's `key` is remembered, in ms. */
  readonly dedupe: number;
  /** `null`: nothing is checked. */
  readonly schemas: RuleSchemas | null;
}
