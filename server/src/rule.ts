import type { Binding, Conditions, Json, Pattern, Tags } from '@sluice/protocol';
import type { Schema } from '@sluice/protocol/contracts';
import type { Grants } from './auth/acl.ts';

/**
 * What happens to a cursor that cannot keep up: it catches up, skips to the newest, reports the
 * loss, or its connection closes.
 */
export type SlowPolicy = 'replay' | 'latest' | 'drop' | 'disconnect';

/**
 * The bounds of a channel's log: the maximum number of messages, and their maximum age in
 * milliseconds.
 */
export interface HistoryBounds {
  readonly count: number;
  /** Milliseconds. */
  readonly age: number;
}

/** An average rate per second, and a burst. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** How presence works on a channel. Durations in ms. */
export interface PresenceRule {
  /** How long a closed connection still counts as present. */
  readonly grace: number;
  /** Interval in which changes are collected before they are sent together. */
  readonly interval: number;
  /** With more members, only their number is sent. */
  readonly listUpTo: number;
  /** Maximum bytes of a member's state, as JSON. */
  readonly state: number;
}

/** The key by which a slow reader gets the newest message of each: the publisher, or a tag. */
export type LatestBy = { readonly kind: 'from' } | { readonly kind: 'tag'; readonly tag: string };

/** The part of a contract that checks payloads. */
export interface RuleSchemas {
  /**
   * Checks `data`; if `events` are given, the `data` of messages without an event. `null`: not
   * checked, or refused if `events` are given.
   */
  readonly message: Schema | null;
  /** Checks `data` by event; other events are refused. `null`: any event is accepted. */
  readonly events: ReadonlyMap<string, Schema> | null;
  /** Checks a member's state; `null`: not checked. */
  readonly presence: Schema | null;
  /** Checks requests; `null`: not checked. */
  readonly request: RequestSchemas | null;
}

/** The part of a contract that checks requests and their replies. */
export interface RequestSchemas {
  /** Checks the `data` of a request; `null`: not checked. */
  readonly in: Schema | null;
  /** Checks the `data` of each reply; `null`: not checked. */
  readonly out: Schema | null;
  /** Checks the `data` of a responder's error by its code; other codes are refused. `null`: any code is accepted. */
  readonly errors: ReadonlyMap<string, Schema> | null;
}

/** How requests work on a channel. Durations in ms. */
export interface RequestsRule {
  /** Time until the first reply, and between two, if the requester does not choose one. */
  readonly timeout: number;
  /** The longest time that a requester may choose. */
  readonly maxTimeout: number;
  /** Maximum number of replies to one request. */
  readonly maxReplies: number;
}

/** A condition whose values come from the token: at least one of them must be there. */
export interface ClaimCondition {
  readonly field: 'event' | 'from' | 'tags';
  /** With `tags`: the name of the tag. */
  readonly tag?: string;
  /** The condition's field, for people. */
  readonly name: string;
  readonly claims: readonly string[];
  /** Values that everybody has. */
  readonly values: readonly string[];
}

/** The filter that a rule enforces. */
export interface Only {
  readonly fixed: Conditions;
  readonly claimed: readonly ClaimCondition[];
}

/** How a consumer group delivers: the `GroupOptions` of the engine, which has their meaning. Durations in ms. */
export interface DeliveryRule {
  readonly ackTimeout: number;
  readonly maxDeliveries: number;
  readonly backoff: readonly number[];
  readonly orderBy: { readonly kind: 'all' } | { readonly kind: 'tag'; readonly tag: string } | null;
  readonly maxUnacked: number;
  readonly start: 'oldest' | 'newest';
  readonly queue: boolean;
  readonly maxSettled: number;
  readonly expires: number | null;
}

/** A consumer group of the channels of a rule. */
export interface GroupRule {
  /** As in the configuration. `{sub}` stands for the user: each has a group. */
  readonly name: string;
  readonly delivery: DeliveryRule;
  /** Maximum unacknowledged deliveries of one consumer. */
  readonly prefetch: number;
  /** The channel for dead letters, in which `{param}` stands for a value of the rule's pattern; `null`: none. */
  readonly deadLetter: string | null;
  /** The outbound bridge that alone consumes it. */
  readonly bridge?: string;
}

/** What makes a channel a queue. */
export interface QueueRule {
  /** The name of its group. */
  readonly group: string;
  readonly maxLength: number;
  readonly overflow: 'reject' | 'dead-letter';
}

/** Messages that are published later. */
export interface ScheduleRule {
  /** Longest delay, in ms. */
  readonly maxDelay: number;
  /** Maximum number of messages of the rule that wait. */
  readonly max: number;
}

/** How long messages last, in ms. */
export interface TtlRule {
  /** Of messages whose publisher gives none; `null`: they do not expire. */
  readonly default: number | null;
  /** The longest that a publisher may give. */
  readonly max: number;
}

/** One resolved channel rule: the whole configuration of the channels of a pattern. */
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
  /** Where messages of its channels come from, besides publishes to them. */
  readonly bind: readonly Binding[];
  /** The messages that subscriptions and pages of history may contain; `null`: all. */
  readonly only: Only | null;
  /** Rate of publishes of one connection; `null`: unlimited. */
  readonly rate: Rate | null;
  readonly presence: PresenceRule;
  readonly requests: RequestsRule;
  /** The hook that answers requests, by its name. Absent: responders do. */
  readonly respond?: string;
  /** `null`: messages cannot be scheduled. */
  readonly schedule: ScheduleRule | null;
  /** `null`: publishers choose whether messages expire, within the protocol's limit. */
  readonly ttl: TtlRule | null;
  /** Maximum bytes of a message's `data` as JSON. */
  readonly maxPayload: number;
  /** How long the `key` of a publish is remembered, in ms. */
  readonly dedupe: number;
  /** How long a message may wait for others to share its write, in ms. */
  readonly coalesce: number;
  /** `null`: the channels are not queues. A queue has one group. */
  readonly queue: QueueRule | null;
  /** The consumer groups; none for most rules. */
  readonly groups: readonly GroupRule[];
  /** `null`: payloads are not checked. */
  readonly schemas: RuleSchemas | null;
}

/** A message that is published again and again, at the times of a cron expression. */
export interface RecurringSchedule {
  readonly name: string;
  readonly channel: string;
  readonly data: Json;
  readonly event?: string;
  readonly tags?: Tags;
  /** Milliseconds from the publish of a message until it expires. Absent: as its channel's rule says. */
  readonly ttl?: number;
  /** With one space between its fields. */
  readonly cron: string;
  readonly timeZone: string;
  /** What happens to times at which no node was there: none is published, or the last one. */
  readonly catchUp: 'skip' | 'once';
}
