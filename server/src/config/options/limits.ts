import { KIB, MIB, size, whole } from '../values.ts';
import { option } from './option.ts';

/** Limits of a client's input, and of the data that waits for it. SPEC.md section 10. */
export const LIMITS_OPTIONS = {
  maxFrame: option({
    schema: size({ min: KIB, max: 16 * MIB }),
    default: 128 * KIB,
    defaultText: '`128KiB`',
    type: 'size',
    env: ['SLUICE_LIMITS_MAX_FRAME'],
    flag: '--max-frame <size>',
    description: 'Maximum size of a frame from a client.',
  }),
  outbound: option({
    schema: size({ min: 64 * KIB, max: 256 * MIB }),
    default: MIB,
    defaultText: '`1MiB`',
    type: 'size',
    env: ['SLUICE_LIMITS_OUTBOUND'],
    flag: '--outbound <size>',
    description:
      'Maximum bytes buffered per connection. When it is exceeded, subscriptions switch to replaying from the log.',
  }),
  subscriptions: option({
    schema: whole({ min: 1, max: 100_000 }),
    default: 1000,
    defaultText: '`1000`',
    type: 'number',
    env: ['SLUICE_LIMITS_SUBSCRIPTIONS'],
    flag: '--subscriptions <number>',
    kind: 'number',
    description: 'Maximum subscriptions of one connection, and as many presence subscriptions and memberships.',
  }),
  requests: option({
    schema: whole({ min: 1, max: 100_000 }),
    default: 100,
    defaultText: '`100`',
    type: 'number',
    env: ['SLUICE_LIMITS_REQUESTS'],
    flag: '--requests <number>',
    kind: 'number',
    description:
      'Maximum unanswered requests of one connection, and of one user over HTTP; further ones are refused with `too_many_requests`.',
  }),
  filters: option({
    schema: whole({ min: 1, max: 1_000_000 }),
    default: 10_000,
    defaultText: '`10000`',
    type: 'number',
    env: ['SLUICE_LIMITS_FILTERS'],
    flag: '--filters <number>',
    kind: 'number',
    description:
      'Maximum distinct filters of the subscriptions of one channel, per node. A tenth of them may be filters that require neither a tag, a publisher nor an event, because each message is compared with all of those.',
  }),
  operations: option({
    schema: whole({ min: 0, max: 1_000_000 }),
    default: 200,
    defaultText: '`200`',
    type: 'number',
    env: ['SLUICE_LIMITS_OPERATIONS'],
    flag: '--operations <number>',
    kind: 'number',
    description:
      "Commands per second from one connection; with bursts of ten seconds' worth, or of a reconnect with all subscriptions. 0: unlimited.",
  }),
  bytes: option({
    schema: size({ min: 0, max: 1024 * MIB }),
    default: 256 * KIB,
    defaultText: '`256KiB`',
    type: 'size',
    env: ['SLUICE_LIMITS_BYTES'],
    flag: '--bytes <size>',
    description: "Bytes per second from one connection, with bursts of ten seconds' worth; 0: unlimited.",
  }),
  connectionsPerUser: option({
    schema: whole({ min: 0, max: 1_000_000 }),
    default: 100,
    defaultText: '`100`',
    type: 'number',
    env: ['SLUICE_LIMITS_CONNECTIONS_PER_USER'],
    flag: '--connections-per-user <number>',
    kind: 'number',
    description: 'Maximum open connections of one user; 0: unlimited.',
  }),
  connectionsPerAddress: option({
    schema: whole({ min: 0, max: 10_000_000 }),
    default: 0,
    defaultText: '`0`',
    type: 'number',
    env: ['SLUICE_LIMITS_CONNECTIONS_PER_ADDRESS'],
    flag: '--connections-per-address <number>',
    kind: 'number',
    description:
      'Maximum open connections of one IP address; further ones are closed with `too_many_connections`. 0: unlimited. Behind a proxy it needs `trustProxy`.',
  }),
  connectionRate: option({
    schema: whole({ min: 0, max: 1_000_000 }),
    default: 0,
    defaultText: '`0`',
    type: 'number',
    env: ['SLUICE_LIMITS_CONNECTION_RATE'],
    flag: '--connection-rate <number>',
    kind: 'number',
    description:
      'New connections per second of this node; further ones are answered with HTTP 503 and `Retry-After`. 0: unlimited.',
  }),
  connectionRatePerAddress: option({
    schema: whole({ min: 0, max: 1_000_000 }),
    default: 0,
    defaultText: '`0`',
    type: 'number',
    env: ['SLUICE_LIMITS_CONNECTION_RATE_PER_ADDRESS'],
    flag: '--connection-rate-per-address <number>',
    kind: 'number',
    description:
      "The same for one IP address, with bursts of ten seconds' worth. 0: unlimited. Behind a proxy it needs `trustProxy`.",
  }),
  unauthenticated: option({
    schema: size({ min: MIB, max: 1024 * 1024 * MIB }),
    default: 64 * MIB,
    defaultText: '`64MiB`',
    type: 'size',
    env: ['SLUICE_LIMITS_UNAUTHENTICATED'],
    flag: '--unauthenticated <size>',
    description:
      'What all connections that have not authenticated, and all bodies of HTTP requests, may hold in memory together. Connections may hold half of it, and a quarter is kept for requests with an API key. Beyond it, a request is answered with HTTP 503, and the connections that have waited longest are closed.',
  }),
};
