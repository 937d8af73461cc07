import { z } from 'zod';
import { hostPort } from '../host-port.ts';
import { option } from '../options/option.ts';
import { flag, KIB, MIB, oneOf, oneOrMore, size, text } from '../values.ts';
import { UNROUTABLE_OPTION } from './bridge-options.ts';
import { type BridgeSystem, textsOf } from './bridge-system.ts';
import { faultOfPairs, type Pairs } from './pairs.ts';
import { serverOf } from './server-of.ts';

/** The port of a broker that is given without one. */
const PORT = '9092';

const PAIRS: Pairs = [
  ['username', 'password'],
  ['certFile', 'keyFile'],
];

const NO_BROKERS = 'must be a list of brokers. Example: ["kafka:9092"]';
/** Several with commas too, so that an environment variable can have them. */
const brokers = oneOrMore(z.string(), { error: NO_BROKERS })
  .transform((list) => list.flatMap((entry) => entry.split(',')).map((broker) => broker.trim()))
  .pipe(z.array(hostPort('kafka:9092')).min(1, { error: NO_BROKERS }));

/** Apache Kafka. */
export const KAFKA_SYSTEM = {
  title: 'Apache Kafka',
  connection: {
    brokers: option({
      schema: brokers,
      required: true,
      defaultText: 'required, or `brokersEnv`',
      type: 'list of `host:port`',
      description: 'Some brokers of the cluster; the others are found with them.',
    }),
    tls: option({
      schema: flag(),
      default: false,
      defaultText: '`false`; `true` with `caFile`',
      type: 'boolean',
      description: 'Use TLS?',
    }),
    caFile: option({
      schema: text('the path of a PEM file'),
      defaultText: 'the authorities that Node.js trusts',
      type: 'path',
      description: 'The authority that has signed the certificates of the brokers.',
    }),
    certFile: option({
      schema: text('the path of a PEM file'),
      defaultText: 'none',
      type: 'path',
      description: 'The certificate of this client, for brokers that ask for one. With `keyFile`.',
    }),
    keyFile: option({
      schema: text('the path of a PEM file'),
      defaultText: 'none',
      type: 'path',
      description: 'The private key of `certFile`.',
    }),
    mechanism: option({
      schema: oneOf(['plain', 'scram-sha-256', 'scram-sha-512']),
      default: 'plain',
      defaultText: '`plain`',
      type: '`plain`, `scram-sha-256`, `scram-sha-512`',
      description: 'The SASL mechanism, if there is a `username`.',
    }),
    username: option({
      schema: text('a user'),
      defaultText: 'none: no SASL; or `usernameEnv`',
      type: 'text',
      description: 'The user. With `password`.',
    }),
    password: option({
      schema: text('a password'),
      defaultText: 'none; or `passwordEnv`',
      type: 'text',
      kind: 'secret',
      description: 'The password of the user.',
    }),
  },
  hasKeys: true,
  from: {
    topics: option({
      schema: oneOrMore(text('the name of a topic'), { error: 'must be a list of topics. Example: ["orders"]' }),
      required: true,
      defaultText: 'required',
      type: 'list of topics',
      description: 'The topics to read, which must exist.',
    }),
    group: option({
      schema: text('the name of a consumer group'),
      default: 'sluice',
      defaultText: '`sluice`',
      type: 'text',
      description: 'The consumer group. Bridges of different gateways that share no engine need different ones.',
    }),
    start: option({
      schema: oneOf(['oldest', 'newest']),
      default: 'oldest',
      defaultText: '`oldest`',
      type: '`oldest`, `newest`',
      description:
        'Where the group begins in a topic that it has not read yet. Later it skips nothing, not even in new partitions.',
    }),
    maxBytes: option({
      schema: size({ min: 16 * KIB, max: 64 * MIB }),
      default: MIB,
      defaultText: '`1MiB`',
      type: 'size',
      description: 'About how much is read ahead from each broker.',
    }),
  },
  reader: ({ brokers: servers }, { topics, group }) => ({
    parts: textsOf(topics).map((topic) => ({
      name: `the topic "${topic}" with the group "${group}"`,
      id: [topic, String(group)],
    })),
    remedy: 'Give one of them another "group"',
    servers: textsOf(servers).map((broker) => serverOf(broker, PORT)),
  }),
  to: {
    topic: option({
      schema: text('a topic like "audit"'),
      required: true,
      defaultText: 'required',
      type: 'template',
      description: 'The topic, which must exist.',
    }),
    key: option({
      schema: text('a key like "{channel}"'),
      default: '{channel}',
      defaultText: '`{channel}`',
      type: 'template',
      description: 'The key. Messages of one key keep their order, because they are in one partition.',
    }),
    unroutable: UNROUTABLE_OPTION,
  },
  fault: (connection) => faultOfPairs(PAIRS, connection),
} satisfies BridgeSystem;
