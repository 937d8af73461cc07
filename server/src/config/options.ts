/**
 * The table of options: the only place that knows an option's shape, default, environment variable, flag and meaning.
 * The loader, `sluice check`, `--help` and the reference in the docs all read it.
 */

import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { ENGINES, LOG_LEVELS } from './config.ts';
import { DAY, duration, flag, HOUR, KIB, MIB, MINUTE, oneOf, SECOND, size, text, texts, whole } from './values.ts';

/** How the text of an environment variable or a flag becomes a value. */
export type TextKind = 'text' | 'number' | 'boolean' | 'list' | 'secret' | 'apiKey';

export interface Option {
  /** `limits.maxFrame`: name in the file, nested at the dot. */
  readonly path: string;
  readonly schema: z.ZodType;
  /** What it is when nobody says; `undefined` where that depends, and `defaultText` says on what. */
  readonly default?: unknown;
  readonly defaultText: string;
  /** The kind of value, for people. */
  readonly type: string;
  /** Environment variables, the strongest first. */
  readonly env?: readonly string[];
  /** Flag of `sluice serve` and `sluice check`, in the notation of commander. */
  readonly flag?: string;
  readonly kind?: TextKind;
  readonly description: string;
}

/** More processes than any machine has cores are a slip of the finger. */
const MOST_WORKERS = 512;

const timer = (min: number) => duration({ min, max: DAY });

const NO_REDIS_URL = 'is not the URL of a Redis — write "redis://host:6379", or "rediss://…" for TLS';

const origin = z.string({ error: 'must be an origin — like "https://example.com", or "*"' }).refine(
  (value) => {
    if (value === '*') return true;
    const url = URL.canParse(value) ? new URL(value) : null;
    return url?.origin === value && /^https?:$/.test(url.protocol);
  },
  { error: 'is not an origin — write scheme, host and port only, like "https://example.com", or "*"' },
);

// The text may hold a password: it is not repeated.
const redisUrl = z.string({ error: NO_REDIS_URL }).refine(
  (value) => {
    const url = URL.canParse(value) ? new URL(value) : null;
    return url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== '' && /^\/?\d*$/.test(url.pathname);
  },
  { error: NO_REDIS_URL },
);

/** How many processes: a number, or one for each core. */
const workers = z.preprocess(
  (value) => (value === 'auto' ? Math.min(availableParallelism(), MOST_WORKERS) : value),
  whole({ min: 1, max: MOST_WORKERS }),
);

const listOf = (what: string) => z.array(z.unknown(), { error: `must be a list — ${what}` });

export const OPTIONS: readonly Option[] = [
  {
    path: 'host',
    schema: text('an address to listen on'),
    defaultText: '`0.0.0.0`; `127.0.0.1` in development',
    type: 'text',
    env: ['SLUICE_HOST'],
    flag: '--host <address>',
    description: 'Address to listen on.',
  },
  {
    path: 'port',
    schema: whole({ min: 0, max: 65_535 }),
    default: 8080,
    defaultText: '`8080`',
    type: 'number',
    env: ['SLUICE_PORT', 'PORT'],
    flag: '--port <number>',
    kind: 'number',
    description: 'Port to listen on; 0 takes any free one.',
  },
  {
    path: 'dev',
    schema: flag(),
    default: false,
    defaultText: '`false`',
    type: 'boolean',
    env: ['SLUICE_DEV'],
    flag: '--dev',
    kind: 'boolean',
    description:
      'Development: listens on this machine only, makes the keys that are missing, hands out tokens at `/dev/token`. Never in production.',
  },
  {
    path: 'static',
    schema: text('the path of a folder'),
    defaultText: 'nothing is served',
    type: 'path',
    env: ['SLUICE_STATIC'],
    flag: '--static <folder>',
    description: 'Folder served at `/`. In a file, relative to that file.',
  },
  {
    path: 'origins',
    schema: z.preprocess(
      (value) => (typeof value === 'string' ? [value] : value),
      z.array(origin, { error: 'must be a list of origins — like ["https://example.com"]' }),
    ),
    default: [],
    defaultText: 'the origin of the gateway itself',
    type: 'list of origins',
    env: ['SLUICE_ORIGINS'],
    flag: '--origins <list>',
    kind: 'list',
    description:
      'Pages that may connect: exact origins, or `*` for all. Programs that send no origin are not concerned.',
  },
  {
    path: 'keys',
    schema: listOf(
      'like [{ secret: … }], [{ pemFile: …, algorithm: ES256 }] or [{ jwks: https://…, algorithms: [RS256] }]',
    ),
    default: [],
    defaultText: 'none; in development one made for the run',
    type: 'list of keys',
    env: ['SLUICE_SECRET'],
    kind: 'secret',
    description: 'Keys that tokens may be signed with; several for rotation. `SLUICE_SECRET` is one HS256 secret.',
  },
  {
    path: 'issuer',
    schema: texts('an issuer'),
    defaultText: 'not checked',
    type: 'text or list',
    env: ['SLUICE_ISSUER'],
    flag: '--issuer <list>',
    kind: 'list',
    description: 'Accepted values of the claim `iss`.',
  },
  {
    path: 'audience',
    schema: texts('an audience'),
    defaultText: 'not checked',
    type: 'text or list',
    env: ['SLUICE_AUDIENCE'],
    flag: '--audience <list>',
    kind: 'list',
    description: 'Accepted values of the claim `aud`; a token must name one of them.',
  },
  {
    path: 'clockTolerance',
    schema: duration({ min: 0, max: 10 * MINUTE }),
    default: 5 * SECOND,
    defaultText: '`5s`',
    type: 'duration',
    env: ['SLUICE_CLOCK_TOLERANCE'],
    flag: '--clock-tolerance <duration>',
    description: "How far the issuer's clock may be off.",
  },
  {
    path: 'anonymous',
    schema: flag(),
    default: false,
    defaultText: '`false`',
    type: 'boolean',
    env: ['SLUICE_ANONYMOUS'],
    flag: '--anonymous',
    kind: 'boolean',
    description: 'May connections come without a token? They may do what rules allow to `anyone`.',
  },
  {
    path: 'apiKeys',
    schema: listOf('like [{ name: backend, secretEnv: BACKEND_KEY }]'),
    default: [],
    defaultText: 'none; in development one made for the run',
    type: 'list of API keys',
    env: ['SLUICE_API_KEY'],
    kind: 'apiKey',
    description:
      'Keys of backends for the HTTP API. Without `caps` a key may do everything. `SLUICE_API_KEY` is one such secret.',
  },
  {
    path: 'engine',
    schema: oneOf(ENGINES),
    default: 'memory',
    defaultText: '`memory`',
    type: ENGINES.join(', '),
    env: ['SLUICE_ENGINE'],
    flag: '--engine <name>',
    description:
      'Where channels keep their messages: in this process, on its disk (docs/engines/durable.md), or in a Redis that many gateways share (docs/engines/redis.md).',
  },
  {
    path: 'durable.data',
    schema: text('the path of a folder'),
    defaultText: 'none; the durable engine needs one',
    type: 'path',
    env: ['SLUICE_DURABLE_DATA'],
    flag: '--data <folder>',
    description: 'Folder of the durable engine, of one gateway at a time. In a file, relative to that file.',
  },
  {
    path: 'durable.maxSize',
    schema: size({ min: MIB, max: 2 ** 20 * MIB }),
    defaultText: 'what the disk has',
    type: 'size',
    env: ['SLUICE_DURABLE_MAX_SIZE'],
    flag: '--data-max-size <size>',
    description: 'What the durable engine may keep on disk; beyond it, publishes are refused with `storage_full`.',
  },
  {
    path: 'redis.url',
    schema: redisUrl,
    defaultText: 'none; the engine `redis` needs it, or `redis.urls`, or `redis.sentinels`',
    type: 'URL',
    env: ['SLUICE_REDIS'],
    flag: '--redis <url>',
    description: 'The Redis of the engine `redis`: `redis://user:password@host:6379/0`, or `rediss://…` for TLS.',
  },
  {
    path: 'redis.urls',
    schema: z
      .array(redisUrl, { error: 'must be a list of URLs — like ["redis://one:6379", "redis://two:6379"]' })
      .min(1),
    defaultText: 'none',
    type: 'list of URLs',
    env: ['SLUICE_REDIS_URLS'],
    kind: 'list',
    description:
      'Several independent Redis servers that share the channels by consistent hashing; with `redis.cluster`, some nodes of the cluster. All gateways need the same list.',
  },
  {
    path: 'redis.cluster',
    schema: flag(),
    default: false,
    defaultText: '`false`',
    type: 'boolean',
    env: ['SLUICE_REDIS_CLUSTER'],
    kind: 'boolean',
    description: 'Are the URLs nodes of one Redis Cluster (version 7 or newer)?',
  },
  {
    path: 'redis.sentinels',
    schema: z.array(text('an address like "host:26379"'), {
      error: 'must be a list of addresses — like ["one:26379", "two:26379"]',
    }),
    default: [],
    defaultText: 'none',
    type: 'list of addresses',
    env: ['SLUICE_REDIS_SENTINELS'],
    kind: 'list',
    description: 'Sentinels that know the master, instead of a URL; `redis.name` is then needed.',
  },
  {
    path: 'redis.name',
    schema: text('the name of a master'),
    defaultText: 'none',
    type: 'text',
    env: ['SLUICE_REDIS_NAME'],
    description: 'The name by which the sentinels know the master.',
  },
  {
    path: 'redis.username',
    schema: text('the name of an ACL user'),
    defaultText: 'what the URL says',
    type: 'text',
    env: ['SLUICE_REDIS_USERNAME'],
    description: 'ACL user of Redis, where the URL names none.',
  },
  {
    path: 'redis.password',
    schema: text('a password'),
    defaultText: 'what the URL says',
    type: 'text',
    env: ['SLUICE_REDIS_PASSWORD'],
    description: 'Password of Redis, where the URL holds none. Better in the environment than in a file.',
  },
  {
    path: 'redis.tls',
    schema: flag(),
    default: false,
    defaultText: '`false`; `rediss://` says so itself',
    type: 'boolean',
    env: ['SLUICE_REDIS_TLS'],
    kind: 'boolean',
    description: 'Speak TLS with the master that the sentinels name?',
  },
  {
    path: 'redis.ca',
    schema: text('the path of a file with certificates'),
    defaultText: 'the authorities that Node.js trusts',
    type: 'path',
    env: ['SLUICE_REDIS_CA'],
    description: 'File with the certificates (PEM) that sign those of Redis. In a file, relative to that file.',
  },
  {
    path: 'redis.prefix',
    schema: text('a prefix').regex(/^[^{}]*$/, 'must not contain braces — like "sluice:"'),
    default: 'sluice:',
    defaultText: '`sluice:`',
    type: 'text',
    env: ['SLUICE_REDIS_PREFIX'],
    description: 'Before every key and feed, so that several services may share a Redis.',
  },
  {
    path: 'redis.timeout',
    schema: duration({ min: 50, max: MINUTE }),
    default: 3 * SECOND,
    defaultText: '`3s`',
    type: 'duration',
    env: ['SLUICE_REDIS_TIMEOUT'],
    description: 'A Redis that leaves a command unanswered for so long counts as away.',
  },
  {
    path: 'redis.lease',
    schema: duration({ min: SECOND, max: 10 * MINUTE }),
    default: 15 * SECOND,
    defaultText: '`15s`',
    type: 'duration',
    env: ['SLUICE_REDIS_LEASE'],
    description: 'After so long without a sign of life a gateway counts as crashed, and its members leave.',
  },
  {
    path: 'contracts',
    schema: z.unknown(),
    defaultText: 'none',
    type: 'path',
    env: ['SLUICE_CONTRACTS'],
    flag: '--contracts <module>',
    description:
      'JavaScript module that exports `channels`, made by `defineChannels`: schemas of what is published, and rules to which `channels` may add. In a file, relative to that file; in a program, the channels themselves. See docs/contracts.md.',
  },
  {
    path: 'channels',
    schema: z.record(z.string(), z.unknown(), {
      error: 'must be an object — patterns like "chat:{room}" and their rules',
    }),
    defaultText: 'none; in development `**`, open to every user, with history',
    type: 'rules by pattern',
    description: 'What may be done on which channels. A channel that no pattern matches does not exist.',
  },
  {
    path: 'limits.maxFrame',
    schema: size({ min: KIB, max: 16 * MIB }),
    default: 128 * KIB,
    defaultText: '`128KiB`',
    type: 'size',
    env: ['SLUICE_LIMITS_MAX_FRAME'],
    flag: '--max-frame <size>',
    description: 'Largest frame that a client may send.',
  },
  {
    path: 'limits.outbound',
    schema: size({ min: 16 * KIB, max: 256 * MIB }),
    default: MIB,
    defaultText: '`1MiB`',
    type: 'size',
    env: ['SLUICE_LIMITS_OUTBOUND'],
    flag: '--outbound <size>',
    description:
      'What may wait for one connection in memory; beyond it, its subscriptions are replayed from the log. Below 64 KiB, large replies may cut a slow reader off instead.',
  },
  {
    path: 'limits.subscriptions',
    schema: whole({ min: 1, max: 100_000 }),
    default: 1000,
    defaultText: '`1000`',
    type: 'number',
    env: ['SLUICE_LIMITS_SUBSCRIPTIONS'],
    flag: '--subscriptions <number>',
    kind: 'number',
    description: 'Subscriptions of one connection; it may watch and enter as many channels.',
  },
  {
    path: 'limits.operations',
    schema: whole({ min: 0, max: 1_000_000 }),
    default: 200,
    defaultText: '`200`',
    type: 'number',
    env: ['SLUICE_LIMITS_OPERATIONS'],
    flag: '--operations <number>',
    kind: 'number',
    description:
      "Commands per second from one connection; ten seconds' worth at once, or what a reconnect with all subscriptions needs. 0: unlimited.",
  },
  {
    path: 'limits.bytes',
    schema: size({ min: 0, max: 1024 * MIB }),
    default: 256 * KIB,
    defaultText: '`256KiB`',
    type: 'size',
    env: ['SLUICE_LIMITS_BYTES'],
    flag: '--bytes <size>',
    description: "Bytes per second from one connection, ten seconds' worth at once; 0: unlimited.",
  },
  {
    path: 'limits.connectionsPerUser',
    schema: whole({ min: 0, max: 1_000_000 }),
    default: 100,
    defaultText: '`100`',
    type: 'number',
    env: ['SLUICE_LIMITS_CONNECTIONS_PER_USER'],
    flag: '--connections-per-user <number>',
    kind: 'number',
    description: 'Open connections of one user; 0: unlimited.',
  },
  {
    path: 'limits.connectionsPerAddress',
    schema: whole({ min: 0, max: 10_000_000 }),
    default: 0,
    defaultText: '`0`',
    type: 'number',
    env: ['SLUICE_LIMITS_CONNECTIONS_PER_ADDRESS'],
    flag: '--connections-per-address <number>',
    kind: 'number',
    description:
      'Open connections of one IP address; further handshakes are answered with HTTP 429. 0: unlimited. Behind a proxy it needs `trustProxy`.',
  },
  {
    path: 'trustProxy',
    schema: flag(),
    default: false,
    defaultText: '`false`',
    type: 'boolean',
    env: ['SLUICE_TRUST_PROXY'],
    flag: '--trust-proxy',
    kind: 'boolean',
    description:
      "Takes the last entry of `X-Forwarded-For` for the client's address. Only behind a proxy that sets it.",
  },
  {
    path: 'heartbeat',
    schema: duration({ min: 1, max: 10 * MINUTE }),
    default: 25 * SECOND,
    defaultText: '`25s`',
    type: 'duration',
    env: ['SLUICE_HEARTBEAT'],
    flag: '--heartbeat <duration>',
    description: 'A connection is never silent for longer.',
  },
  {
    path: 'connectTimeout',
    schema: timer(1),
    default: 5 * SECOND,
    defaultText: '`5s`',
    type: 'duration',
    env: ['SLUICE_CONNECT_TIMEOUT'],
    flag: '--connect-timeout <duration>',
    description: 'A connection that has not sent `connect` by then is closed.',
  },
  {
    path: 'tokenGrace',
    schema: duration({ min: 0, max: HOUR }),
    default: 10 * SECOND,
    defaultText: '`10s`',
    type: 'duration',
    env: ['SLUICE_TOKEN_GRACE'],
    flag: '--token-grace <duration>',
    description: 'How long a connection may outlive its token, waiting for a new one.',
  },
  {
    path: 'drain',
    schema: duration({ min: 0, max: HOUR }),
    default: 10 * SECOND,
    defaultText: '`10s`',
    type: 'duration',
    env: ['SLUICE_DRAIN'],
    flag: '--drain <duration>',
    description: 'On SIGTERM, reconnects are spread over at most this time.',
  },
  {
    path: 'drainPace',
    schema: whole({ min: 1, max: 1_000_000 }),
    default: 500,
    defaultText: '`500`',
    type: 'number',
    env: ['SLUICE_DRAIN_PACE'],
    flag: '--drain-pace <n>',
    description:
      'Connections per second that a drain sends elsewhere; more only where `drain` would not be long enough.',
  },
  {
    path: 'node',
    schema: text("a node's name"),
    defaultText: 'a random name',
    type: 'string',
    env: ['SLUICE_NODE'],
    flag: '--node <name>',
    description: "This gateway's name among others: in `/health/ready`, and to drain it by the HTTP API.",
  },
  {
    path: 'workers',
    schema: workers,
    default: 1,
    defaultText: '`1`',
    type: 'number, or `auto`',
    env: ['SLUICE_WORKERS'],
    flag: '--workers <number>',
    kind: 'number',
    description:
      'Processes that serve the port together; `auto`: one for each core. Each is a node of its own, `name/1`, `name/2`… Only on Linux. See docs/workers.md.',
  },
  {
    path: 'log.level',
    schema: oneOf(LOG_LEVELS),
    default: 'info',
    defaultText: '`info`',
    type: LOG_LEVELS.join(', '),
    env: ['SLUICE_LOG_LEVEL'],
    flag: '--log-level <level>',
    description: 'The least important lines to log.',
  },
  {
    path: 'log.format',
    schema: oneOf(['json', 'pretty']),
    defaultText: '`json`; `pretty` in development on a terminal',
    type: 'json, pretty',
    env: ['SLUICE_LOG_FORMAT'],
    flag: '--log-format <format>',
    description: 'How lines are logged.',
  },
];
