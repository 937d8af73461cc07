/** A configuration for people to read: without secrets, with units. */

import { formatGrant } from '../auth/acl.ts';
import type { KeyConfig } from '../auth/keys.ts';
import type { ApiKeyConfig } from '../auth/secrets.ts';
import type { LatestBy, PresenceRule, Rate, RequestsRule, Rule, RuleSchemas, TtlRule } from '../rule.ts';
import { describeBridges } from './bridges/describe-bridges.ts';
import type { Config, RedisConfig } from './config.ts';
import { describeBind, describeOnly } from './describe-filters.ts';
import { describeGroups } from './describe-groups.ts';
import { describeHooks } from './describe-hooks.ts';
import { describeWebhooks } from './describe-webhooks.ts';
import { APP_LIMITS_OPTIONS, APP_OPTIONS } from './options/apps.ts';
import { formatDuration, formatSize } from './values.ts';

const HIDDEN = '(hidden)';

const withKid = ({ kid }: { readonly kid?: string }) => (kid === undefined ? {} : { kid });

/** A URL may contain credentials in its user part or its query. */
function bareUrl(text: string): string {
  const { origin, pathname, search } = new URL(text);
  return `${origin}${pathname}${search === '' ? '' : `?${HIDDEN}`}`;
}

/** Without the credentials. `origin` supports only web schemes. */
function bareRedisUrl(text: string): string {
  const { protocol, host, pathname } = new URL(text);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}

function describeKey(key: KeyConfig): Record<string, unknown> {
  if ('jwks' in key) return { jwks: bareUrl(key.jwks), algorithms: [...key.algorithms] };
  const rest = { algorithm: key.algorithm, ...withKid(key) };
  if ('pem' in key) return { pem: '(given)', ...rest };
  return 'jwk' in key ? { jwk: `(given, ${key.jwk.kty})`, ...rest } : { secret: HIDDEN, ...rest };
}

const describeApiKey = ({ name, caps }: ApiKeyConfig) => ({
  name,
  secret: HIDDEN,
  ...(caps === undefined ? {} : { caps }),
});

const describeLatestBy = (by: LatestBy) => (by.kind === 'from' ? 'from' : `tag:${by.tag}`);

const describePresence = ({ grace, interval, listUpTo, state }: PresenceRule) => ({
  grace: formatDuration(grace),
  interval: formatDuration(interval),
  listUpTo,
  state: formatSize(state),
});

const describeRequests = ({ timeout, maxTimeout, maxReplies }: RequestsRule) => ({
  timeout: formatDuration(timeout),
  maxTimeout: formatDuration(maxTimeout),
  maxReplies,
});

const describeTtl = ({ default: usual, max }: TtlRule) => ({
  ...(usual === null ? {} : { default: formatDuration(usual) }),
  max: formatDuration(max),
});

/** The checked fields: `message`, `events` by name, `presence`, `request`. */
const describeSchemas = ({ message, events, presence, request }: RuleSchemas) => ({
  ...(message === null ? {} : { message: '(checked)' }),
  ...(events === null ? {} : { events: [...events.keys()] }),
  ...(presence === null ? {} : { presence: '(checked)' }),
  ...(request === null ? {} : { request: '(checked)' }),
});

function describeRule(rule: Rule): Record<string, unknown> {
  const {
    allow,
    history,
    from,
    slow,
    latestBy,
    rate,
    presence,
    requests,
    schedule,
    ttl,
    maxPayload,
    dedupe,
    coalesce,
    schemas,
  } = rule;
  return {
    allow: Object.fromEntries(Object.entries(allow).map(([verb, grants]) => [verb, grants.map(formatGrant)])),
    history: history === null ? false : { count: history.count, age: formatDuration(history.age) },
    from,
    slow,
    ...describeBind(rule.bind),
    ...describeOnly(rule.only),
    ...(latestBy === null ? {} : { latestBy: describeLatestBy(latestBy) }),
    ...(rate === null ? {} : { rate: rate.perSecond }),
    presence: describePresence(presence),
    requests: describeRequests(requests),
    ...(schedule === null ? {} : { schedule: { ...schedule, maxDelay: formatDuration(schedule.maxDelay) } }),
    ...(rule.respond === undefined ? {} : { respond: rule.respond }),
    ...(ttl === null ? {} : { ttl: describeTtl(ttl) }),
    maxPayload: formatSize(maxPayload),
    dedupe: formatDuration(dedupe),
    ...(coalesce === 0 ? {} : { coalesce: formatDuration(coalesce) }),
    ...describeGroups(rule),
    ...(schemas === null ? {} : { contract: describeSchemas(schemas) }),
  };
}

const describeDurable = ({ data, maxSize }: NonNullable<Config['durable']>) => ({
  data,
  ...(maxSize === null ? {} : { maxSize: formatSize(maxSize) }),
});

/** Shows that there is a password, and nothing else about it. */
const hidden = (redis: RedisConfig, names: readonly ('password' | 'sentinelPassword')[]) =>
  Object.fromEntries(names.filter((name) => redis[name] !== undefined).map((name) => [name, HIDDEN]));

function describeRedis(redis: RedisConfig): Record<string, unknown> {
  const { ca, password: _password, sentinelPassword: _sentinelPassword, urls, timeout, lease, ...rest } = redis;
  return {
    ...rest,
    urls: urls.map(bareRedisUrl),
    ...hidden(redis, ['password', 'sentinelPassword']),
    ...(ca === undefined ? {} : { ca: '(given)' }),
    timeout: formatDuration(timeout),
    lease: formatDuration(lease),
  };
}

/** In the file's notation: 0 means no limit. */
const perSecond = (rate: Rate | null): number => rate?.perSecond ?? 0;

/** One of `apps`, without the options of the process. */
export function describeApp(config: Config): Record<string, unknown> {
  const described = describeConfig(config);
  const limits = Object.entries(described.limits as object).filter(([name]) => Object.hasOwn(APP_LIMITS_OPTIONS, name));
  const own = Object.entries(described).filter(([name]) => Object.hasOwn(APP_OPTIONS, name));
  return { ...Object.fromEntries(own), limits: Object.fromEntries(limits) };
}

const describeApps = (apps: Config['apps']) =>
  Object.fromEntries(apps.map(({ name, at, config }) => [name, { at, ...describeApp(config) }]));

/** Makes a plain object of a configuration, without its secrets. */
export function describeConfig(config: Config): Record<string, unknown> {
  const { devSecret: _secret, devApiKey: _apiKey, path: _path, apps, ...rest } = config;
  return {
    ...rest,
    keys: config.keys.map(describeKey),
    apiKeys: config.apiKeys.map(describeApiKey),
    clockTolerance: formatDuration(config.clockTolerance),
    maxTokenLife: formatDuration(config.maxTokenLife),
    rememberedTokens: config.rememberedTokens,
    channels: Object.fromEntries(config.channels.map((rule) => [rule.pattern.source, describeRule(rule)])),
    ...(config.schedules && {
      schedules: Object.fromEntries(config.schedules.map(({ name, ...schedule }) => [name, schedule])),
    }),
    bridges: describeBridges(config.bridges),
    hooks: describeHooks(config.hooks),
    webhooks: describeWebhooks(config.webhooks),
    ...(config.durable === undefined ? {} : { durable: describeDurable(config.durable) }),
    ...(config.redis === undefined ? {} : { redis: describeRedis(config.redis) }),
    limits: {
      maxFrame: formatSize(config.limits.maxFrame),
      outbound: formatSize(config.limits.outbound),
      subscriptions: config.limits.subscriptions,
      requests: config.limits.requests,
      operations: perSecond(config.limits.operations),
      bytes: formatSize(perSecond(config.limits.bytes)),
      connectionsPerUser: config.limits.connectionsPerUser,
      connectionsPerAddress: config.limits.connectionsPerAddress,
      connectionRate: perSecond(config.limits.connectionRate),
      connectionRatePerAddress: perSecond(config.limits.connectionRatePerAddress),
    },
    heartbeat: formatDuration(config.heartbeat),
    connectTimeout: formatDuration(config.connectTimeout),
    tokenGrace: formatDuration(config.tokenGrace),
    drain: formatDuration(config.drain),
    ...(apps.length === 0 ? {} : { apps: describeApps(apps) }),
  };
}
