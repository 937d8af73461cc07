/** The options of a channel rule: the tables that the parser of rules and the reference use. */

import { LIMITS } from '@sluice/protocol';
import { z } from 'zod';
import { VERBS, WILDCARD_VERBS } from '../auth/identity.ts';
import { listOf, option } from './options/option.ts';
import { DAY, duration, flag, HOUR, KIB, MIB, MINUTE, oneOf, SECOND, size, text, whole } from './values.ts';

/** The options of `history: { … }`. */
export const HISTORY_OPTIONS = {
  count: option({
    schema: whole({ min: 1, max: 10_000_000 }),
    default: 1000,
    defaultText: '`1000`',
    type: 'number',
    description: 'Maximum number of messages that are kept.',
  }),
  age: option({
    schema: duration({ min: 1, max: 3650 * DAY }),
    default: 24 * HOUR,
    defaultText: '`24h`',
    type: 'duration',
    description: 'Older messages are removed.',
  }),
};

/** The options of `presence: { … }`. */
export const PRESENCE_OPTIONS = {
  grace: option({
    schema: duration({ min: 0, max: HOUR }),
    default: 5 * SECOND,
    defaultText: '`5s`',
    type: 'duration',
    description: 'How long a member whose connection has closed counts as present.',
  }),
  interval: option({
    schema: duration({ min: 0, max: MINUTE }),
    default: 500,
    defaultText: '`500ms`',
    type: 'duration',
    description: 'Changes of members are sent at most once per interval.',
  }),
  listUpTo: option({
    schema: whole({ min: 0, max: 1000 }),
    default: 500,
    defaultText: '`500`',
    type: 'number',
    description: 'With more members than this, only their number is sent.',
  }),
  state: option({
    schema: size({ min: 1, max: 64 * KIB }),
    default: KIB,
    defaultText: '`1KiB`',
    type: 'size',
    description: 'Largest state of a member, as JSON.',
  }),
};

/** The options of `requests: { … }`. */
export const REQUESTS_OPTIONS = {
  timeout: option({
    schema: duration({ min: 1, max: HOUR }),
    default: 10 * SECOND,
    defaultText: '`10s`',
    type: 'duration',
    description: 'Time until the first reply, and between two, unless the requester chooses another.',
  }),
  maxTimeout: option({
    schema: duration({ min: 1, max: HOUR }),
    default: MINUTE,
    defaultText: '`1m`',
    type: 'duration',
    description: 'The longest time that a requester may choose.',
  }),
  maxReplies: option({
    schema: whole({ min: 1, max: 100_000_000 }),
    default: 10_000,
    defaultText: '`10000`',
    type: 'number',
    description: 'Maximum number of replies to one request.',
  }),
};

/** The options of `schedule: { … }`. */
export const SCHEDULE_OPTIONS = {
  maxDelay: option({
    schema: duration({ min: 1, max: 366 * DAY }),
    default: 30 * DAY,
    defaultText: '`30d`',
    type: 'duration',
    description: 'Longest time by which a message may be delayed.',
  }),
  max: option({
    schema: whole({ min: 1, max: 50_000 }),
    default: 10_000,
    defaultText: '`10000`',
    type: 'number',
    description: 'Maximum number of messages of the rule that wait.',
  }),
};

/** The options of `ttl: { … }`. */
export const TTL_OPTIONS = {
  default: option({
    schema: duration({ min: 1, max: LIMITS.ttl }),
    type: 'duration',
    defaultText: 'never',
    description: 'When messages expire whose publisher gives no `ttl`.',
  }),
  max: option({
    schema: duration({ min: 1, max: LIMITS.ttl }),
    default: LIMITS.ttl,
    defaultText: '`365d`',
    type: 'duration',
    description: 'The longest `ttl` that a publisher may give.',
  }),
};

/** Maximum `data` of a message, unless `limits.maxFrame` is smaller. */
export const PAYLOAD_DEFAULT = 64 * KIB;

const section = z.record(z.string(), z.unknown());

const NO_LATEST_BY = 'must be "from" or "tag:<name>". Example: "tag:symbol"';

/** The options of a rule. The reference uses their descriptions. */
export const CHANNEL_OPTIONS = {
  allow: option({
    schema: z.record(z.string(), z.unknown(), {
      error: 'must be an object. Write verbs and their grants, like { subscribe: users }',
    }),
    type: 'grants by verb',
    defaultText: 'nothing is allowed',
    description: `Who may do what. Verbs: ${VERBS.join(', ')}; \`*\` stands for ${WILDCARD_VERBS.join(', ')}.`,
  }),
  history: option({
    schema: z.union([z.boolean(), section], {
      error: 'must be true, false, or an object. Example: { count: 1000, age: 24h }',
    }),
    type: 'boolean, or count and age',
    defaultText: '`false`',
    description:
      'Keeps messages: at most `count` (default 1000), none older than `age` (default 24h). `true` uses both defaults.',
  }),
  from: option({
    schema: flag(),
    default: true,
    type: 'boolean',
    defaultText: '`true`',
    description: 'Messages name the user who published them.',
  }),
  slow: option({
    schema: oneOf(['replay', 'latest', 'drop', 'disconnect']),
    type: 'replay, latest, drop, disconnect',
    defaultText: '`replay` with history, `drop` without',
    description:
      'What happens to a subscription that cannot keep up: it catches up from the log, skips to the newest message, reports the loss, or its connection closes.',
  }),
  latestBy: option({
    schema: z.string({ error: NO_LATEST_BY }).regex(/^(from|tag:.+)$/, { error: NO_LATEST_BY }),
    type: '`from`, `tag:<name>`',
    defaultText: 'the newest of all',
    description:
      'With `slow: latest`: a slow subscription gets the newest message of each publisher, or of each value of a tag.',
  }),
  bind: option({
    schema: listOf<unknown>('["orders:*"]'),
    type: 'patterns, or { channel, where }',
    defaultText: 'none',
    description:
      'Messages that are published to channels of these patterns are also appended to this channel; with `where`, only those that fulfil a filter. See docs/routing.md.',
  }),
  only: option({
    schema: z.record(z.string(), z.unknown(), {
      error: 'must be a filter. Example: { tags: { team: "claim:teams" } }',
    }),
    type: 'filter',
    defaultText: 'all messages',
    description:
      'Subscriptions and pages of history contain only messages that fulfil this filter. `claim:<name>` stands for the values of a claim of the token. See docs/routing.md.',
  }),
  rate: option({
    schema: whole({ min: 1, max: 1_000_000 }),
    type: 'number',
    defaultText: 'unlimited',
    description: "Publishes per second of one connection, with bursts of five seconds' worth.",
  }),
  presence: option({
    schema: z.record(z.string(), z.unknown(), { error: 'must be an object. Example: { grace: 5s, listUpTo: 500 }' }),
    type: 'grace, interval, listUpTo, state',
    defaultText: '`{ grace: 5s, interval: 500ms, listUpTo: 500, state: 1KiB }`',
    description:
      'A closed connection counts as present for `grace`. Changes are sent once per `interval`. Above `listUpTo` members, only their number is sent. `state`: largest state of a member.',
  }),
  schedule: option({
    schema: z.record(z.string(), z.unknown(), { error: 'must be an object. Example: { maxDelay: 30d, max: 10000 }' }),
    type: 'maxDelay, max',
    defaultText: 'off',
    description:
      'Lets publishers schedule messages: at most `maxDelay` (default 30d) ahead, and at most `max` (default 10000) of the rule at the same time.',
  }),
  ttl: option({
    schema: z.record(z.string(), z.unknown(), { error: 'must be an object. Example: { default: 1h, max: 1d }' }),
    type: 'default, max',
    defaultText: 'messages expire only if their publisher says so',
    description:
      'When messages expire: `default` for those that are published without a `ttl`, and the longest `ttl` that a publisher may give (`max`, default 365d). See docs/expiry.md.',
  }),
  requests: option({
    schema: z.record(z.string(), z.unknown(), {
      error: 'must be an object. Example: { timeout: 10s, maxTimeout: 1m }',
    }),
    type: 'timeout, maxTimeout, maxReplies',
    defaultText: '`{ timeout: 10s, maxTimeout: 1m, maxReplies: 10000 }`',
    description:
      'A responder must reply within `timeout`, or the time up to `maxTimeout` that the requester chooses, and at most `maxReplies` times.',
  }),
  respond: option({
    schema: text('the name of a hook'),
    type: 'name of a hook',
    defaultText: 'none: responders answer',
    description: 'The hook with a URL that answers the requests of the channels. See docs/hooks.md.',
  }),
  maxPayload: option({
    schema: size({ min: 1, max: 16 * MIB }),
    type: 'size',
    defaultText: '`64KiB`, at most `limits.maxFrame`',
    description: 'Largest `data` of a message, as JSON.',
  }),
  dedupe: option({
    schema: duration({ min: 0, max: 7 * DAY }),
    default: 5 * MINUTE,
    type: 'duration',
    defaultText: '`5m`',
    description: "How long a publish's idempotency key is remembered.",
  }),
  coalesce: option({
    schema: duration({ min: 0, max: MINUTE }),
    default: 0,
    type: 'duration',
    defaultText: '`0`',
    description: 'How long a message may wait, so that the messages of a channel share one write to each subscriber.',
  }),
  queue: option({
    schema: z.union([z.boolean(), section], {
      error: 'must be true, false, or an object. Example: { ackTimeout: 30s, maxDeliveries: 5 }',
    }),
    type: 'boolean, or an object',
    defaultText: '`false`',
    description:
      'Makes the channels queues: each message goes to one consumer, and leaves the log once it is acknowledged. `true` uses all defaults.',
  }),
  groups: option({
    schema: z.record(z.string(), z.unknown(), {
      error: 'must be an object. Write names and their options, like { billing: { ackTimeout: 1m } }',
    }),
    type: 'groups by name',
    defaultText: 'none',
    description:
      'Consumer groups of channels with history: each message goes to one consumer of each group. `user-{sub}` is a group for each user.',
  }),
};
