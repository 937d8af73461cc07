import { describe, expect, it } from 'vitest';
import { hintsFor } from '../hints.ts';
import { ConfigError, parseConfig } from '../schema.ts';
import { BRIDGE_SYSTEMS } from './bridge-systems.ts';

type Env = Readonly<Record<string, string>>;

/** A part of a bridge that reads: system and `from`. */
type Spelling = Readonly<Record<string, unknown>>;

const channels = { audit: { history: true } };

/** What is wrong with two bridges together; each must be right alone. */
function clashOf(one: Spelling, two: Spelling, env: Env = {}): string {
  const read = (bridges: Record<string, Record<string, unknown>>) => {
    try {
      parseConfig({ anonymous: true, channels, bridges }, { env });
      return '';
    } catch (error) {
      if (error instanceof ConfigError) return error.problems.join('\n');
      throw error;
    }
  };
  const to = { channel: 'audit' };
  expect(read({ one: { ...one, to } })).toBe('');
  expect(read({ two: { ...two, to } })).toBe('');
  return read({ one: { ...one, to }, two: { ...two, to } });
}

const redis = (url: string, from: object = {}) => ({ redis: { url }, from: { streams: ['a'], ...from } });
const kafka = (brokers: string | string[], from: object = {}) => ({
  kafka: { brokers },
  from: { topics: 'a', ...from },
});
const nats = (url: string, from: object = {}) => ({ nats: { url }, from: { stream: 'S', ...from } });
const rabbitmq = (url: string, queue = 'q') => ({ rabbitmq: { url }, from: { queue } });
const activemq = (url: string, queue = 'q') => ({ activemq: { url }, from: { queue } });
const sqs = (queue: string, connection: object = { region: 'eu-central-1' }) => ({ sqs: connection, from: { queue } });
const pubsub = (subscription: string, connection: object = {}) => ({
  pubsub: { project: 'p', ...connection },
  from: { subscription },
});
const postgres = (url: string, table?: string) => ({ postgres: { url }, from: table === undefined ? {} : { table } });
const zeromq = (url: string, socket = 'pull', bind = false) => ({ zeromq: { url, bind }, from: { socket } });

const AMAZON = 'https://sqs.eu-central-1.amazonaws.com';

interface Case {
  readonly env?: Env;
  /** Spellings of one reader, each with each of the others. */
  readonly same: readonly Spelling[];
  /** Others, of which none is the first one. */
  readonly different: readonly Spelling[];
}

const CASES: Readonly<Record<string, Case>> = {
  redis: {
    same: [
      redis('redis://h'),
      redis('redis://h:6379'),
      redis('redis://H/'),
      redis('redis://h:6379/0'),
      redis('rediss://user:secret@h/0'),
      redis('redis://h?db=0'),
      redis('redis://h', { streams: ['b', 'a'], group: 'sluice' }),
    ],
    different: [
      redis('redis://other'),
      redis('redis://h:6380'),
      redis('redis://h/1'),
      redis('redis://h?db=1'),
      redis('redis://h', { streams: ['A'] }),
      redis('redis://h', { group: 'two' }),
    ],
  },
  kafka: {
    same: [
      kafka('h'),
      kafka('h:9092'),
      kafka(['H:9092', 'i:9092']),
      kafka('i:9092, h:9092'),
      kafka('h', { topics: ['b', 'a'] }),
      kafka('h', { group: 'sluice' }),
    ],
    different: [
      kafka('i'),
      kafka('h:9093'),
      kafka('h', { topics: 'b' }),
      kafka('h', { topics: 'A' }),
      kafka('h', { group: 'two' }),
    ],
  },
  nats: {
    same: [
      nats('nats://h'),
      nats('h:4222'),
      nats('tls://user:secret@h:4222'),
      nats('nats://i:4222, nats://h'),
      nats('nats://h', { consumer: 'sluice', subject: 'a' }),
    ],
    different: [
      nats('nats://i'),
      nats('h:4223'),
      nats('nats://h', { stream: 'T' }),
      nats('nats://h', { consumer: 'two' }),
      nats('nats://h', { stream: undefined, subject: 'S' }),
    ],
  },
  rabbitmq: {
    same: [
      rabbitmq('amqp://h'),
      rabbitmq('amqp://h:5672'),
      rabbitmq('amqp://H/'),
      rabbitmq('amqp://h/%2F'),
      rabbitmq('amqp://h/%2f?heartbeat=5'),
      rabbitmq('amqps://user:secret@h:5671'),
    ],
    different: [
      rabbitmq('amqp://other'),
      rabbitmq('amqp://h:5673'),
      rabbitmq('amqp://h/prod'),
      rabbitmq('amqp://h', 'Q'),
      { rabbitmq: { url: 'amqp://h' }, from: { stream: 'q' } },
    ],
  },
  activemq: {
    same: [
      activemq('amqp://h'),
      activemq('amqp://H:5672'),
      activemq('amqps://user:secret@h'),
      activemq('amqp://h/', 'q::q'),
    ],
    different: [
      activemq('amqp://other'),
      activemq('amqp://h:61616'),
      activemq('amqp://h', 'a::q'),
      activemq('amqp://h', 'Q'),
    ],
  },
  sqs: {
    env: { AWS_REGION: 'eu-central-1' },
    same: [
      sqs('q'),
      sqs('q', {}),
      sqs('q', { endpoint: AMAZON }),
      sqs(`${AMAZON}/1/q`),
      sqs(`${AMAZON}/1/q`, {}),
      sqs('https://eu-central-1.queue.amazonaws.com/1/q'),
      sqs('q', { endpoint: 'https://vpce-1.sqs.eu-central-1.vpce.amazonaws.com' }),
    ],
    different: [
      sqs('r'),
      sqs('q.fifo'),
      sqs('q', { region: 'eu-west-1' }),
      sqs('https://sqs.eu-west-1.amazonaws.com/1/q'),
      sqs(`${AMAZON}/1/r`),
      sqs('q', { endpoint: 'http://localhost:9324' }),
    ],
  },
  pubsub: {
    same: [
      pubsub('s'),
      pubsub('projects/p/subscriptions/s'),
      pubsub('projects/p/subscriptions/s', { project: 'another' }),
      pubsub('s', { endpoint: 'europe-west1-pubsub.googleapis.com:443' }),
    ],
    different: [
      pubsub('t'),
      pubsub('s', { project: 'another' }),
      pubsub('projects/another/subscriptions/s'),
      pubsub('s', { emulator: 'localhost:8085' }),
    ],
  },
  postgres: {
    env: { USER: 'shop' },
    same: [
      postgres('postgres://h/shop'),
      postgres('postgresql://user:secret@H:5432/shop?sslmode=require'),
      postgres('postgres://shop@h'),
      postgres('postgres://h'),
      postgres('postgres:///shop?host=h'),
      postgres('postgres://user@/shop?host=h&port=5432'),
      postgres('postgres://h/shop', 'public.sluice_outbox'),
    ],
    different: [
      postgres('postgres://other/shop'),
      postgres('postgres://h:5433/shop'),
      postgres('postgres://h/Shop'),
      postgres('postgres://h/shop', 'app.sluice_outbox'),
      postgres('postgres://h/shop', 'Sluice_outbox'),
      postgres('postgres:///shop'),
    ],
  },
  zeromq: {
    same: [
      zeromq('tcp://a:1'),
      zeromq('tcp://a:1,tcp://b:1'),
      zeromq('tcp://c:1, tcp://A:1'),
      zeromq('tcp://a:1', 'router'),
    ],
    different: [zeromq('tcp://a:2'), zeromq('tcp://b:1'), zeromq('ipc:///a'), zeromq('tcp://a:1', 'sub')],
  },
};

it('are known for every system', () => {
  expect(Object.keys(CASES).sort()).toEqual(Object.keys(BRIDGE_SYSTEMS).sort());
});

const nameOf = (spelling: Spelling): string => JSON.stringify(spelling);

describe.each(Object.entries(CASES))('two bridges from %s', (_, { env = {}, same, different }) => {
  const [first = {}] = same;
  const pairs = same.flatMap((one) =>
    same.map((two): [string, string, Spelling, Spelling] => [nameOf(one), nameOf(two), one, two]),
  );

  it.each(pairs)('must not read %s and %s', (_one, _two, one, two) => {
    expect(clashOf(one, two, env)).toMatch(
      /^bridges\.two\.from: reads .+, as the bridge "one" does: each would miss messages that the other one gets\. \S/,
    );
  });

  it.each(different.map((other): [string, Spelling] => [nameOf(other), other]))(
    `may read ${nameOf(first)} and %s`,
    (_name, other) => {
      expect(clashOf(first, other, env)).toBe('');
      expect(clashOf(other, first, env)).toBe('');
    },
  );
});

describe('a hint says which bridges share a reader if their servers are of one cluster:', () => {
  const hintsOf = (one: Spelling, two: Spelling) => {
    const to = { channel: 'audit' };
    const bridges = { one: { ...one, to }, two: { ...two, to } };
    return hintsFor(parseConfig({ anonymous: true, channels, bridges }, { env: {} })).filter((hint) =>
      hint.startsWith('bridges.'),
    );
  };

  it.each<[string, Spelling, Spelling, string]>([
    [
      'Kafka',
      kafka('eu', { topics: ['b', 'a'] }),
      kafka('us:9092'),
      'bridges.two.from: reads the topic "a" with the group "sluice", as "one" does. If both are of one cluster, give one of them another "group"',
    ],
    [
      'NATS',
      nats('nats://user:secret@eu'),
      nats('us:4222, tls://asia'),
      'bridges.two.from: reads the stream "S" with the consumer "sluice", as "one" does. If both are of one cluster, give one of them another "consumer"',
    ],
  ])('%s', (_, one, two, hint) => {
    expect(hintsOf(one, two)).toEqual([hint]);
  });

  it.each<[string, Spelling, Spelling]>([
    ['other topics', kafka('eu'), kafka('us', { topics: 'b' })],
    ['other groups', kafka('eu'), kafka('us', { group: 'us' })],
    ['other streams', nats('eu'), nats('us', { stream: 'T' })],
    ['other servers of Redis', redis('redis://eu'), redis('redis://us')],
  ])('none for %s', (_, one, two) => {
    expect(hintsOf(one, two)).toEqual([]);
  });
});

describe('two bridges', () => {
  it.each<[string, Spelling, Spelling, Env?]>([
    ['virtual hosts that differ by case', rabbitmq('amqp://h/Prod'), rabbitmq('amqp://h/prod')],
    [
      'streams of RabbitMQ',
      { ...rabbitmq('amqp://h'), from: { stream: 's' } },
      { ...rabbitmq('amqp://h'), from: { stream: 's' } },
    ],
    [
      'a subject of core NATS',
      { nats: { url: 'h' }, from: { subject: 's' } },
      { nats: { url: 'h' }, from: { subject: 's' } },
    ],
    ['a publisher of ZeroMQ', zeromq('tcp://a:1', 'sub'), zeromq('tcp://a:1', 'sub')],
    ['accounts of SQS', sqs(`${AMAZON}/1/q`), sqs(`${AMAZON}/2/q`)],
    [
      'two addresses of this machine',
      zeromq('tcp://10.0.0.1:1', 'pull', true),
      zeromq('tcp://10.0.0.2:1', 'pull', true),
    ],
    ['two sockets of ZeroMQ', zeromq('ipc:///tmp/A'), zeromq('ipc:///tmp/a')],
  ])('may read %s', (_, one, two, env = {}) => {
    expect(clashOf(one, two, env)).toBe('');
  });

  it.each<[string, Spelling, Spelling, Env?]>([
    ['a queue whose region is not known', sqs('q', {}), sqs('q', { region: 'eu-west-1' })],
    [
      'a queue of an endpoint of the environment',
      sqs('q', {}),
      sqs('q', { endpoint: 'http://e:1' }),
      { AWS_ENDPOINT_URL: 'http://e:1' },
    ],
    ['an emulator of the environment', pubsub('s'), pubsub('s', { emulator: 'e:1' }), { PUBSUB_EMULATOR_HOST: 'e:1' }],
    ['a host that is not given, and this machine', rabbitmq('amqp:///prod'), rabbitmq('amqp://127.0.0.1:5672/prod')],
    ['names of this machine', redis('redis://localhost'), redis('redis://127.0.0.1:6379')],
    [
      'an outbox in a search path',
      postgres('postgres://h/d?options=-csearch_path%3Dapp'),
      postgres('postgres://h/d', 'app.sluice_outbox'),
    ],
    [
      'an address at which both listen',
      zeromq('tcp://0.0.0.0:1', 'sub', true),
      zeromq('tcp://10.0.0.1:1', 'pull', true),
    ],
  ])('must not read %s', (_, one, two, env = {}) => {
    expect(clashOf(one, two, env)).toContain('as the bridge "one" does');
  });

  it('are not compared if one of them is wrong', () => {
    const bridge = { redis: { urlEnv: 'NO' }, from: { streams: ['a'] }, to: { channel: 'audit' } };
    const read = () => parseConfig({ anonymous: true, channels, bridges: { one: bridge, two: bridge } }, { env: {} });
    expect(read).toThrow('NO is not set');
    expect(read).not.toThrow('as the bridge');
  });
});
