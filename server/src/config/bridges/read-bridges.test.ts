import { describe, expect, it } from 'vitest';
import { describeConfig } from '../describe.ts';
import { ConfigError, parseConfig } from '../schema.ts';

const channels = { 'orders:{id}': { history: true }, dead: { history: true }, audit: { history: true }, quiet: {} };
const env = { REDIS_URL: 'redis://user:secret@host:6379/2' };

const read = (bridges: unknown) =>
  parseConfig({ anonymous: true, channels, bridges: bridges as Record<string, Record<string, unknown>> }, { env });

function problemsOf(bridge: unknown): readonly string[] {
  try {
    read({ b: bridge });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

const redis = { url: 'redis://host' };
const inbound = { redis, from: { streams: ['orders'] }, to: { channel: 'orders:{key}' } };
const rabbitmq = { url: 'amqp://host' };
const nats = { url: 'nats://host' };
const to = { channel: 'audit' };
const outbound = { redis, from: { channel: 'audit' }, to: { stream: 'audit' } };

const kafka = { brokers: ['kafka:9092'] };
const toKafka = { kafka, from: { channel: 'audit' }, to: { topic: 'audit' } };

const sqs = { region: 'eu-central-1' };
const fromSqs = { sqs, from: { queue: 'orders' }, to: { channel: 'audit' } };

describe('bridges', () => {
  it('are none by default', () => {
    expect(parseConfig({ anonymous: true, channels }).bridges).toEqual([]);
  });

  it('read from a broker, with defaults', () => {
    const [bridge] = read({ b: inbound }).bridges;
    expect(bridge).toMatchObject({
      ...{ name: 'b', system: 'redis', direction: 'in', connection: redis, inFlight: 256 },
      ...{
        from: { streams: ['orders'], group: 'sluice', body: 'data' },
        to: { channel: 'orders:{key}', data: 'json' },
      },
      poison: { kind: 'stop' },
    });
  });

  it.each([inbound, outbound])('have the origin of the configuration, or none', (bridge) => {
    expect(read({ b: bridge }).bridges[0]?.origin).toBeUndefined();
    expect(read({ b: { ...bridge, origin: 'eu' } }).bridges[0]?.origin).toBe('eu');
  });

  it('that send to a broker get a consumer group in the rule of their channel, and no other rule has it', () => {
    const { bridges, channels: rules } = read({ b: { ...outbound, inFlight: 10 } });
    expect(bridges[0]).toMatchObject({ direction: 'out', from: { channel: 'audit' }, envelope: 'cloudevents' });
    const groups = rules.flatMap((rule) =>
      rule.groups.map(({ name, prefetch }) => [rule.pattern.source, name, prefetch]),
    );
    expect(groups).toEqual([['audit', 'bridge/b', 10]]);
  });

  it.each([
    { rabbitmq: { url: 'amqp://h' }, to: {} },
    { nats: { url: 'nats://h' }, to: { subject: 's' } },
    { kafka: { brokers: ['h:9092'] }, to: { topic: 't' } },
  ])('that send to a broker with routes wait for one, unless told otherwise: %j', ({ to, ...system }) => {
    const unroutableOf = (more: object) => {
      const [bridge] = read({ b: { ...system, from: outbound.from, to: { ...to, ...more } } }).bridges;
      return (bridge?.to as { readonly unroutable?: unknown } | undefined)?.unroutable;
    };
    expect([unroutableOf({}), unroutableOf({ unroutable: 'deadLetter' })]).toEqual(['wait', 'deadLetter']);
  });

  it('take secrets from the environment, and never show them', () => {
    const config = read({ b: { ...inbound, redis: { urlEnv: 'REDIS_URL' } } });
    expect(config.bridges[0]?.connection).toEqual({ url: env.REDIS_URL });
    const shown = JSON.stringify(describeConfig(config));
    expect(shown).toContain('redis://host:6379/2');
    expect(shown).not.toContain('secret');
  });

  it('show the endpoint of SQS, and no key', () => {
    const keys = { accessKeyId: 'secret-id', secretAccessKey: 'secret-key', endpoint: 'https://sqs.example' };
    const shown = JSON.stringify(describeConfig(read({ b: { ...fromSqs, sqs: { ...sqs, ...keys } } })));
    expect(shown).toContain('https://sqs.example');
    expect(shown).not.toContain('secret-');
  });

  it('take several values from one variable', () => {
    const kafka = { brokersEnv: 'BROKERS' };
    const config = parseConfig(
      { anonymous: true, channels, bridges: { b: { kafka, from: { topics: 'orders' }, to: { channel: 'audit' } } } },
      { env: { BROKERS: 'a:9092, b:9092' } },
    );
    expect(config.bridges[0]).toMatchObject({ connection: { brokers: ['a:9092', 'b:9092'] } });
    expect(config.bridges[0]).toMatchObject({ from: { topics: ['orders'], group: 'sluice', start: 'oldest' } });
  });

  it('reach NATS at hosts without a scheme', () => {
    expect(problemsOf({ nats: { url: 'one:4222, tls://two:4222' }, from: { stream: 's' }, to })).toEqual([]);
  });

  it('need no channel for the commands of Centrifugo', () => {
    expect(problemsOf({ ...inbound, to: { data: 'centrifugo' } })).toEqual([]);
  });

  it.each([
    ['channel', 'orders:1'],
    ['event', 'created'],
    ['tags', { region: 'eu' }],
  ])('have no use for "%s" with the commands of Centrifugo', (name, value) => {
    const [problem] = problemsOf({ ...inbound, to: { data: 'centrifugo', [name]: value } });
    expect(problem).toContain(`bridges.b.to.${name}: is not used with data: centrifugo`);
  });

  it.each<[string, unknown, string]>([
    ['a system', { from: {}, to: {} }, 'must have exactly one of redis'],
    ['a known system', { ...inbound, redis: undefined, reddis: {} }, 'Did you mean "redis"?'],
    ['one system', { ...inbound, nats: {} }, 'redis and nats. Keep one'],
    ['a URL', { ...inbound, redis: {} }, 'bridges.b.redis.url'],
    [
      'a URL of Redis',
      { ...inbound, redis: { url: 'http://user:hush@host' } },
      'it must begin with "redis://" or "red',
    ],
    ['a URL of Redis with a scheme', { ...inbound, redis: { url: 'host:6379' } }, 'Example: "redis://host:6379"'],
    [
      'URLs of NATS',
      { nats: { url: 'nats://a, http://b' }, from: { stream: 's' }, to },
      'is not the URL of a NATS server',
    ],
    ['a URL of RabbitMQ', { rabbitmq: { url: 'http://a' }, from: { queue: 'q' }, to }, 'is not the URL of RabbitMQ'],
    [
      'an option in the right case',
      { ...inbound, redis: { urlenv: 'A' } },
      'redis.urlenv: is not an option. Did you mean "urlEnv"?',
    ],
    ['a variable that is set', { ...inbound, redis: { urlEnv: 'NO' } }, 'the environment variable NO is not set'],
    ['a channel', { ...inbound, to: {} }, 'bridges.b.to.channel'],
    ['known placeholders', { ...inbound, to: { channel: 'orders:{id}' } }, 'uses {id}, which is no placeholder'],
    ['whole placeholders', { ...inbound, to: { channel: 'orders:{key' } }, 'has a brace without its other half'],
    ['a channel with a rule', { ...inbound, to: { channel: 'nope' } }, '"nope" matches no rule'],
    ['a template with a rule', { ...inbound, to: { channel: 'nope:{data:/a}' } }, '"nope:{data:/a}" matches no rule'],
    ['dead letters with a rule', { ...inbound, poison: { deadLetter: 'nope' } }, 'bridges.b.poison.deadLetter'],
    ['history to send from', { ...outbound, from: { channel: 'quiet' } }, 'Add "history" to its rule'],
    ['a rule to send from', { ...outbound, from: { channel: 'nope' } }, '"nope" matches no rule'],
    ['no poison to send', { ...outbound, poison: 'skip' }, 'is only for bridges that read'],
    ['known options', { ...inbound, from: { streams: ['a'], grup: 'x' } }, 'Did you mean "group"?'],
    ['a password for a user', { ...toKafka, kafka: { ...kafka, username: 'a' } }, 'no use without "password"'],
    ['a user for a password', { ...toKafka, kafka: { ...kafka, password: 'a' } }, 'no use without "username"'],
    ['a secret for a key', { ...fromSqs, sqs: { accessKeyId: 'a' } }, 'no use without "secretAccessKey"'],
    ['a queue', { ...fromSqs, from: {} }, 'bridges.b.from.queue'],
    [
      'at most 10 messages in a call',
      { sqs, from: { channel: 'audit' }, to: { queue: 'a', batch: 11 } },
      'from 1 to 10',
    ],
    ['a queue or a stream', { rabbitmq, from: {}, to }, 'must have either "queue" or "stream"'],
    ['not both', { rabbitmq, from: { queue: 'a', stream: 'b' }, to }, 'must have either "queue" or "stream"'],
    ['no start of a queue', { rabbitmq, from: { queue: 'a', start: 'newest' }, to }, 'which only a stream has'],
    ['no ids of a stream', { rabbitmq, from: { stream: 'a', ids: 'optional' }, to }, 'which only a queue needs'],
    ['a stream or a subject', { nats, from: {}, to }, 'neither "stream" nor "subject"'],
    ['no consumer of a subject', { nats, from: { subject: 'a', consumer: 'b' }, to }, 'has "consumer"'],
    [
      'no topics of a pull socket',
      { zeromq: { url: 'tcp://a:1' }, from: { socket: 'pull', topics: ['a'] }, to },
      'has "topics"',
    ],
    ['an address', { zeromq: { url: 'host:5555' }, from: { socket: 'pull' }, to }, 'is not an address'],
    ['a port', { zeromq: { url: 'tcp://a:1, tcp://b' }, from: { socket: 'pull' }, to }, 'is not an address'],
    ['whole keys', { zeromq: { url: 'tcp://a:1', secretKey: 'short' }, from: { socket: 'pull' }, to }, 'of CURVE'],
    [
      'all keys',
      { zeromq: { url: 'tcp://a:1', serverKey: 'k'.repeat(40) }, from: { socket: 'pull' }, to },
      'bridges.b.zeromq.secretKey',
    ],
    [
      'no key without effect',
      { zeromq: { url: 'tcp://a:1', bind: true, serverKey: 'k'.repeat(40) }, from: { socket: 'pull' }, to },
      'has no use with "bind"',
    ],
    [
      'either an emulator or the service',
      { pubsub: { project: 'p', emulator: 'a:1', keyFile: 'k' }, from: { subscription: 's' }, to },
      'has no use with "emulator"',
    ],
    ['an object', 7, 'must be an object'],
    ['a known option', { ...inbound, posion: 'skip' }, 'bridges.b.posion: is not an option. Did you mean "poison"?'],
    [
      'a known option of all',
      { ...inbound, other: 1 },
      'is not an option. Known here: inFlight, origin, dedupe, redis, from, to, poison',
    ],
    [
      'a known option to send',
      { ...outbound, other: 1 },
      'is not an option. Known here: inFlight, origin, redis, from, to',
    ],
    ['no dedupe to send', { ...outbound, dedupe: '1h' }, 'bridges.b.dedupe: is only for bridges that read. Remove it'],
  ])('need %s', (_, bridge, problem) => {
    expect(problemsOf(bridge).join('\n')).toContain(problem);
  });

  it('need a name', () => {
    expect(() => read({ 'a b': inbound })).toThrow('is not a name for a bridge');
  });
});
