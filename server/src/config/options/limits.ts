import { KIB, MIB, size, whole } from '../values.ts';
import { option } from './option.ts';

/** How much one client may send, and how much may wait for it. SPEC.md section 10. */
export const LIMITS_OPTIONS = {
  maxFrame: option({
    schema: size({ min: KIB, max: 16 * MIB }),
    default: 128 * KIB,
    defaultText: '`128KiB`',
    type: 'size',
    env: ['SLUICE_LIMITS_MAX_FRAME'],
    flag: '--max-frame <size>',
    description: 'Largest frame that a client may send.',
  }),
  outbound: option({
    schema: size({ min: 64 * KIB, max: 256 * MIB }),
    default: MIB,
    defaultText: '`1MiB`',
    type: 'size',
    env: ['SLUICE_LIMITS_OUTBOUND'],
    flag: '--outbound <size>',
    description: 'What may wait for one connection in memory; beyond it, its subscriptions are replayed from the log.',
  }),
  subscriptions: option({
    schema: whole({ min: 1, max: 100_000 }),
    default: 1000,
    defaultText: '`1000`',
    type: 'number',
    env: ['SLUICE_LIMITS_SUBSCRIPTIONS'],
    flag: '--subscriptions <number>',
    kind: 'number',
    description: 'Subscriptions of one connection; it may watch and enter as many channels.',
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
      "Commands per second from one connection; ten seconds' worth at once, or what a reconnect with all subscriptions needs. 0: unlimited.",
  }),
  bytes: option({
    schema: size({ min: 0, max: 1024 * MIB }),
    default: 256 * KIB,
    defaultText: '`256KiB`',
    type: 'size',
    env: ['SLUICE_LIMITS_BYTES'],
    flag: '--bytes <size>',
    description: "Bytes per second from one connection, ten seconds' worth at once; 0: unlimited.",
  }),
  connectionsPerUser: option({
    schema: whole({ min: 0, max: 1_000_000 }),
    default: 100,
    defaultText: '`100`',
    type: 'number',
    env: ['SLUICE_LIMITS_CONNECTIONS_PER_USER'],
    flag: '--connections-per-user <number>',
    kind: 'number',
    description: 'Open connections of one user; 0: unlimited.',
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
      'Open connections of one IP address; further ones are closed with `too_many_connections`. 0: unlimited. Behind a proxy it needs `trustProxy`.',
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
