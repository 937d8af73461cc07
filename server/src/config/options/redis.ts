import { z } from 'zod';
import { brokerUrl, REDIS_URL } from '../broker-url.ts';
import { hostPort } from '../host-port.ts';
import { duration, flag, MINUTE, SECOND, text } from '../values.ts';
import { option } from './option.ts';

const redisUrl = brokerUrl(REDIS_URL);

/** How the engine `redis` connects to its Redis. */
export const REDIS_OPTIONS = {
  url: option({
    schema: redisUrl,
    defaultText: 'none; the engine `redis` needs it, or `redis.urls`, or `redis.sentinels`',
    type: 'URL',
    env: ['SLUICE_REDIS'],
    flag: '--redis <url>',
    description: 'The Redis of the engine `redis`: `redis://user:password@host:6379/0`, or `rediss://…` for TLS.',
  }),
  urls: option({
    schema: z
      .array(redisUrl, { error: 'must be a list of URLs. Example: ["redis://one:6379", "redis://two:6379"]' })
      .min(1, { error: 'is empty. Name at least one' })
      .readonly(),
    defaultText: 'none',
    type: 'list of URLs',
    env: ['SLUICE_REDIS_URLS'],
    kind: 'list',
    description:
      'Several independent Redis servers that share the channels by consistent hashing; with `redis.cluster`, some nodes of the cluster. All gateways need the same list.',
  }),
  cluster: option({
    schema: flag(),
    default: false,
    defaultText: '`false`',
    type: 'boolean',
    env: ['SLUICE_REDIS_CLUSTER'],
    kind: 'boolean',
    description: 'Are the URLs nodes of one Redis Cluster (version 7 or newer)?',
  }),
  sentinels: option({
    schema: z
      .array(hostPort('host:26379'), {
        error: 'must be a list of addresses. Example: ["one:26379", "two:26379"]',
      })
      .readonly(),
    default: [],
    defaultText: 'none',
    type: 'list of addresses',
    env: ['SLUICE_REDIS_SENTINELS'],
    kind: 'list',
    description: 'Sentinels that know the master, instead of a URL; requires `redis.name`.',
  }),
  name: option({
    schema: text('the name of a master'),
    defaultText: 'none',
    type: 'text',
    env: ['SLUICE_REDIS_NAME'],
    description: 'The name by which the sentinels know the master.',
  }),
  sentinelUsername: option({
    schema: text('the name of an ACL user'),
    defaultText: 'none',
    type: 'text',
    env: ['SLUICE_REDIS_SENTINEL_USERNAME'],
    description: 'ACL user of the sentinels themselves.',
  }),
  sentinelPassword: option({
    schema: text('a password'),
    defaultText: 'none',
    type: 'text',
    env: ['SLUICE_REDIS_SENTINEL_PASSWORD'],
    description: 'Password of the sentinels themselves. Prefer the environment to a file.',
  }),
  sentinelTls: option({
    schema: flag(),
    default: false,
    defaultText: '`false`',
    type: 'boolean',
    env: ['SLUICE_REDIS_SENTINEL_TLS'],
    kind: 'boolean',
    description: 'Use TLS for connections to the sentinels?',
  }),
  username: option({
    schema: text('the name of an ACL user'),
    defaultText: 'from the URL',
    type: 'text',
    env: ['SLUICE_REDIS_USERNAME'],
    description: 'ACL user of Redis, if the URL names none.',
  }),
  password: option({
    schema: text('a password'),
    defaultText: 'from the URL',
    type: 'text',
    env: ['SLUICE_REDIS_PASSWORD'],
    description: 'Password of Redis, if the URL has none. Prefer the environment to a file.',
  }),
  tls: option({
    schema: flag(),
    default: false,
    defaultText: '`false`; `true` for `rediss://`',
    type: 'boolean',
    env: ['SLUICE_REDIS_TLS'],
    kind: 'boolean',
    description: 'Use TLS for connections to the master that the sentinels name?',
  }),
  ca: option({
    schema: text('the path of a file with certificates'),
    defaultText: 'the authorities that Node.js trusts',
    type: 'path',
    env: ['SLUICE_REDIS_CA'],
    description:
      'File with the certificates (PEM) that sign those of Redis, and of the sentinels. In a file, relative to that file.',
  }),
  prefix: option({
    schema: text('a prefix').regex(/^[^{}]*$/, 'must not contain braces. Example: "sluice:"'),
    default: 'sluice:',
    defaultText: '`sluice:`',
    type: 'text',
    env: ['SLUICE_REDIS_PREFIX'],
    description: 'Prefix of every key and feed, so that several services can share a Redis.',
  }),
  timeout: option({
    schema: duration({ min: 50, max: MINUTE }),
    default: 3 * SECOND,
    defaultText: '`3s`',
    type: 'duration',
    env: ['SLUICE_REDIS_TIMEOUT'],
    description: 'A Redis that does not answer a command within this time counts as unavailable.',
  }),
  lease: option({
    schema: duration({ min: SECOND, max: 10 * MINUTE }),
    default: 15 * SECOND,
    defaultText: '`15s`',
    type: 'duration',
    env: ['SLUICE_REDIS_LEASE'],
    description: 'A gateway that does not renew its lease within this time counts as crashed, and its members leave.',
  }),
};
