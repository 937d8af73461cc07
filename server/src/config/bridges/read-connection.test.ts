import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeConfig } from '../describe.ts';
import { rowsOf } from '../options/option.ts';
import { ConfigError, parseConfig } from '../schema.ts';
import { BRIDGE_SYSTEMS } from './bridge-systems.ts';

type Env = Readonly<Record<string, string>>;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-bridges-'));
  for (const name of ['ca.pem', 'cert.pem', 'key.pem', 'key.json']) writeFileSync(join(folder, name), 'text');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What each system reads besides its connection. */
const FROM: Readonly<Record<string, object>> = {
  redis: { streams: ['s'] },
  kafka: { topics: 't' },
  nats: { stream: 's' },
  rabbitmq: { queue: 'q' },
  activemq: { queue: 'q' },
  sqs: { queue: 'q' },
  pubsub: { subscription: 's' },
  zeromq: { socket: 'pull' },
  postgres: {},
};

function read(system: string, connection: unknown, env: Env = {}) {
  const bridge = { [system]: connection, from: FROM[system], to: { channel: 'a' } };
  const input = { anonymous: true, channels: { '**': {} }, bridges: { b: bridge } };
  return parseConfig(input as Parameters<typeof parseConfig>[0], { env, directory: folder });
}

function problemsOf(system: string, connection: unknown, env: Env = {}): readonly string[] {
  try {
    read(system, connection, env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

const K = 'k'.repeat(40);
const OWN = 's'.repeat(40);

describe('a connection that can work', () => {
  it.each<[string, object]>([
    ['redis', { url: 'redis://h' }],
    ['redis', { url: 'rediss://user:p%23ss@h:6379/15' }],
    ['redis', { url: 'redis://:p%40ss@[::1]:6379?db=2' }],
    ['redis', { url: 'redis://user:p@ss@h' }],
    ['kafka', { brokers: ['h:9092', 'kafka_1.svc.', '10.0.0.1:1', '[::1]:9092'] }],
    ['kafka', { brokers: 'a:1, b:2' }],
    ['nats', { url: 'nats://user:secret@a:4222, tls://b, c:4222, d' }],
    ['rabbitmq', { url: 'amqp://user:p%2Fss@h/%2Fvhost' }],
    ['rabbitmq', { url: 'amqps://h:5671/vhost?heartbeat=10' }],
    ['rabbitmq', { url: 'amqp://' }],
    ['rabbitmq', { url: 'amqp:///vhost' }],
    ['activemq', { url: 'amqps://user:secret@h:5671' }],
    ['sqs', {}],
    ['sqs', { endpoint: 'http://localhost:9324' }],
    ['pubsub', { project: 'p', emulator: 'localhost:8085' }],
    ['pubsub', { project: 'p', endpoint: 'europe-west1-pubsub.googleapis.com:443' }],
    ['zeromq', { url: 'tcp://*:5555', bind: true }],
    ['zeromq', { url: 'tcp://a:1, ipc:///tmp/s' }],
    ['zeromq', { url: 'ipc:///run/feed:0' }],
    ['zeromq', { url: 'ipc:///run/feed:70000, tcp://a:1' }],
    ['postgres', { url: 'postgres://user:secret@h:5432/d?sslmode=verify-full&sslrootcert=/ca.pem' }],
    ['postgres', { url: 'postgresql:///d?host=/var/run/postgresql' }],
    ['postgres', { url: 'postgres://user@/d' }],
    ['postgres', { url: 'postgres://h/d?user=me@srv&password=x' }],
    ['postgres', { url: 'postgres://h/d?application_name=a@b' }],
    ['postgres', { url: 'postgres://user:p%w@h/d' }],
    ['postgres', { url: 'postgres://user:100%@h/d' }],
    ['rabbitmq', { url: 'amqp://h/vhost?heartbeat=10&name=a@b' }],
    ['postgres', { url: 'postgres://user@%2Fvar%2Frun%2Fpostgresql/d' }],
  ])('with %s is accepted: %j', (system, connection) => {
    expect(problemsOf(system, connection)).toEqual([]);
  });
});

describe('a connection that cannot work', () => {
  it.each<[string, object, string]>([
    ['redis', { url: 'redis://user:pa#ss@h' }, 'url: is not a URL. In user and password, write "#" as %23'],
    ['redis', { url: 'redis://user:12#ss@h' }, 'url: is not a URL. In user and password, write "#" as %23'],
    ['redis', { url: 'redis://user:12/ss@h' }, 'url: is not a URL. In user and password'],
    ['redis', { url: 'redis://user:12?ss@h' }, 'url: is not a URL. In user and password'],
    ['redis', { url: 'redis://user:100%@h' }, 'url: has a "%" that encodes nothing'],
    ['redis', { url: 'redis://' }, 'url: names no host. Example: "redis://host:6379"'],
    ['redis', { url: 'redis:///0' }, 'url: names no host'],
    ['redis', { url: 'redis://h:99999' }, 'url: is not a URL'],
    ['redis', { url: 'redis://h/orders' }, 'url: has a path, which must be the number of a database'],
    ['rabbitmq', { url: 'amqp://user:pa#ss@h' }, 'url: is not a URL'],
    ['rabbitmq', { url: 'amqp://user@/vhost' }, 'url: is not a URL'],
    ['activemq', { url: 'amqp://' }, 'url: names no host'],
    ['activemq', { url: 'amqp://user:p/ss@h' }, 'url: is not a URL'],
    ['postgres', { url: 'postgres://user:pa#ss@h/d' }, 'url: is not a URL'],
    ['postgres', { url: 'postgres://user:12/ss@h/d' }, 'url: is not a URL'],
    ['postgres', { url: 'postgres://user:12?ss@h/d' }, 'url: is not a URL'],
    ['nats', { url: 'nats://user:pa#ss@h' }, 'url: is not a URL'],
    ['nats', { url: 'nats://a,' }, 'url: must be a host, perhaps with a port. Example: "nats://host:4222"'],
    ['nats', { url: 'user:secret@h:4222' }, 'url: must be a host, perhaps with a port'],
    ['nats', { url: 'a:0' }, 'url: must have a port from 1 to 65535'],
    ['kafka', { brokers: ['kafka://x:1'] }, 'brokers[0]: must be a host without a scheme. Example: "kafka:9092"'],
    ['kafka', { brokers: ['a:1,'] }, 'brokers[1]: must be a host, perhaps with a port. Example: "kafka:9092"'],
    ['kafka', { brokers: 'a:b' }, 'brokers[0]: must be a host, perhaps with a port'],
    ['kafka', { brokers: 'a:70000' }, 'brokers[0]: must have a port from 1 to 65535'],
    ['kafka', { brokers: [] }, 'brokers: must be a list of brokers'],
    ['kafka', { brokers: 'a b' }, 'brokers[0]: must be a host, perhaps with a port'],
    ['sqs', { endpoint: 'localhost:9324' }, 'endpoint: is not a URL with "https://" or "http://"'],
    ['pubsub', { project: 'p', emulator: 'http://localhost:8085' }, 'emulator: must be a host without a scheme'],
    ['pubsub', { project: 'p', endpoint: 'https://x' }, 'endpoint: must be a host without a scheme'],
    ['zeromq', { url: 'tcp://a:70000' }, 'url: has an invalid port. Choose one from 1 to 65535'],
    ['zeromq', { url: 'ipc:///run/feed:1, tcp://a:0' }, 'url: has an invalid port. Choose one from 1 to 65535'],
    ['zeromq', { url: 'tcp://*:1' }, 'url: names "*", where only a socket with "bind" can be'],
  ])('with %s is refused: %j', (system, connection, problem) => {
    const problems = problemsOf(system, connection);
    expect(problems).toEqual([expect.stringContaining(`bridges.b.${system}.${problem}`)]);
    expect(problems.join()).not.toMatch(/ss@h|secret/);
  });

  it.each<[string, string]>([
    ['or ders', 'from.queue'],
    ['https://', 'from.queue'],
    ['orders.fifo.fifo', 'from.queue'],
  ])('names no queue of SQS: %j', (queue, path) => {
    const bridge = { sqs: {}, from: { queue }, to: { channel: 'a' } };
    const check = () => parseConfig({ anonymous: true, channels: { '**': {} }, bridges: { b: bridge } });
    expect(check).toThrow(`bridges.b.${path}: is not a queue`);
  });
});

/** Every option of every connection that a variable can have, with a value and what else it needs. */
const VALUES: Readonly<Record<string, readonly (readonly [option: string, value: string, others: object])[]>> = {
  redis: [['url', 'redis://h', {}]],
  kafka: [
    ['brokers', 'h', {}],
    ['caFile', 'ca.pem', { brokers: 'h' }],
    ['certFile', 'cert.pem', { brokers: 'h', keyFile: 'key.pem' }],
    ['keyFile', 'key.pem', { brokers: 'h', certFile: 'cert.pem' }],
    ['mechanism', 'plain', { brokers: 'h' }],
    ['username', 'user', { brokers: 'h', password: 'secret' }],
    ['password', 'secret', { brokers: 'h', username: 'user' }],
  ],
  nats: [
    ['url', 'nats://h', {}],
    ['token', 'secret', { url: 'nats://h' }],
  ],
  rabbitmq: [['url', 'amqp://h', {}]],
  activemq: [['url', 'amqp://h', {}]],
  sqs: [
    ['region', 'eu-central-1', {}],
    ['endpoint', 'http://h', {}],
    ['accessKeyId', 'AKIA1', { secretAccessKey: 'secret' }],
    ['secretAccessKey', 'secret', { accessKeyId: 'AKIA1' }],
  ],
  pubsub: [
    ['project', 'p', {}],
    ['keyFile', 'key.json', { project: 'p' }],
    ['endpoint', 'h:443', { project: 'p' }],
    ['emulator', 'h:8085', { project: 'p' }],
  ],
  zeromq: [
    ['url', 'tcp://a:1', {}],
    ['secretKey', OWN, { url: 'tcp://a:1', bind: true }],
    ['publicKey', K, { url: 'tcp://a:1', secretKey: OWN, serverKey: K }],
    ['serverKey', K, { url: 'tcp://a:1', secretKey: OWN, publicKey: K }],
  ],
  postgres: [['url', 'postgres://h/d', {}]],
};

it('the options that a variable can have are all that are no booleans', () => {
  for (const [system, { connection }] of Object.entries(BRIDGE_SYSTEMS)) {
    const names = rowsOf(connection).flatMap(({ path, type }) => (type === 'boolean' ? [] : [path]));
    expect(VALUES[system]?.map(([name]) => name).sort(), system).toEqual(names.sort());
  }
});

const OPTIONS = Object.entries(VALUES).flatMap(([system, options]) =>
  options.map(([option, value, others]) => ({ system, option, value, others })),
);

describe.each(OPTIONS)('$system: $option', ({ system, option, value, others }) => {
  const name = `${option}Env`;

  it('may come from a variable', () => {
    const ofText = read(system, { ...others, [option]: value });
    const ofVariable = read(system, { ...others, [name]: 'MY_VALUE', [option]: null }, { MY_VALUE: value });
    expect(ofVariable.bridges).toEqual(ofText.bridges);
  });

  it('is given once', () => {
    const both = { ...others, [option]: value, [name]: 'MY_VALUE' };
    expect(problemsOf(system, both, { MY_VALUE: value })).toEqual([
      `bridges.b.${system}.${name}: is given besides "${option}". Keep one of them`,
    ]);
  });

  it('says which variable is not set', () => {
    expect(problemsOf(system, { ...others, [name]: 'MY_VALUE' })).toEqual([
      `bridges.b.${system}.${name}: the environment variable MY_VALUE is not set. Set it, or correct the name`,
    ]);
    expect(problemsOf(system, { ...others, [name]: 'MY_VALUE' }, { MY_VALUE: '' })).toHaveLength(1);
  });

  it.each(['redis://user:hunter2@h', 'hunter2', 'HUNTER2HUNTER2HUNTER2', '-----BEGIN KEY hunter2', ['hunter2']])(
    'never repeats a secret that is given instead of a name: %j',
    (secret) => {
      const problems = problemsOf(system, { ...others, [name]: secret });
      expect(problems).toEqual([expect.stringMatching(/^bridges\.b\.\w+\.\w+Env: (names|must be the name of) an env/)]);
      expect(problems.join()).not.toMatch(/hunter2/i);
    },
  );

  it('is shown, unless it is a secret', () => {
    const shown = JSON.stringify(describeConfig(read(system, { ...others, [option]: value })).bridges);
    const isSecret = /password|token|secret|accessKeyId/i.test(option);
    expect(shown.includes(`${value}"`)).toBe(!isSecret);
    expect(shown).not.toContain('"secret"');
  });
});

it('a flag does not come from a variable', () => {
  expect(problemsOf('nats', { url: 'nats://h', tlsEnv: 'TLS' }, { TLS: 'true' })).toEqual([
    'bridges.b.nats.tlsEnv: is not an option. Known here: url, token, tls',
  ]);
});

describe('all faults of a connection are reported at once:', () => {
  const NOT_SET = 'the environment variable NO is not set. Set it, or correct the name';

  it.each<[string, object, readonly string[]]>([
    ['kafka', { brokersEnv: 'NO', mechanism: 'x' }, [`brokersEnv: ${NOT_SET}`, 'mechanism: is not one of']],
    ['kafka', { passwordEnv: 'NO', username: 'a' }, [`passwordEnv: ${NOT_SET}`, 'brokers: must be']],
    ['nats', { urlEnv: 'NO', tokenEnv: 'NO', tls: 1 }, [`urlEnv: ${NOT_SET}`, `tokenEnv: ${NOT_SET}`, 'tls: must be']],
    ['kafka', { brokersEnv: 'NO', username: 'a' }, [`brokersEnv: ${NOT_SET}`, 'username: is of no use without']],
    ['nats', { ulr: 'nats://h', tls: 1 }, ['ulr: is not an option. Did you mean "url"?', 'tls: must be']],
    ['nats', { urlEnv: 'NO', zzzzzzzz: 1 }, [`urlEnv: ${NOT_SET}`, 'zzzzzzzz: is not an option.']],
    ['kafka', { brokersEnv: 'NO', caFile: 'no.pem' }, [`brokersEnv: ${NOT_SET}`, 'caFile: the file']],
  ])('%s, %j', (system, connection, problems) => {
    expect(problemsOf(system, connection)).toEqual(
      problems.map((problem) => expect.stringContaining(`bridges.b.${system}.${problem}`)),
    );
  });
});

describe('a file of a connection', () => {
  it.each([
    ['kafka', 'caFile', 'ca.pem', { brokers: 'h' }],
    ['pubsub', 'keyFile', 'key.json', { project: 'p' }],
  ])('of %s is relative to the configuration file: %s', (system, option, file, others) => {
    const { bridges } = read(system, { ...others, [option]: `./${file}` });
    expect(bridges[0]?.connection[option]).toBe(join(folder, file));
  });

  it.each([
    ['kafka', 'caFile', { brokers: 'h' }],
    ['pubsub', 'keyFile', { project: 'p' }],
  ])('of %s must exist: %s', (system, option, others) => {
    expect(problemsOf(system, { ...others, [option]: 'no.pem' })).toEqual([
      `bridges.b.${system}.${option}: the file ${join(folder, 'no.pem')} does not exist. Paths are relative to the configuration file`,
    ]);
    expect(problemsOf(system, { ...others, [option]: '.' })).toEqual([expect.stringContaining('cannot be read')]);
  });

  it('is not its content', () => {
    const keyFile = '-----BEGIN PRIVATE KEY-----\nhunter2';
    const problems = problemsOf('kafka', { brokers: 'h', certFile: 'cert.pem', keyFile });
    expect(problems).toEqual([expect.stringContaining('must be the path of a file, and not its content')]);
    expect(problems.join()).not.toContain('hunter2');
  });
});

it('addresses are shown without user, password and parameters', () => {
  const shown = (system: string, url: string, others: object = {}) =>
    (describeConfig(read(system, { url, ...others })).bridges as Record<string, Record<string, unknown>>).b?.[system];
  expect(shown('redis', 'redis://user:hush@h:1/2?password=hush')).toEqual({ url: 'redis://h:1/2' });
  expect(shown('nats', 'nats://user:hush@a, b:4222')).toEqual({ url: 'nats://a,b:4222', tls: false });
  expect(shown('postgres', 'postgres:///d?password=hush')).toEqual({ url: '(hidden)' });
  expect(shown('zeromq', 'ipc:///tmp/s', { bind: true })).toEqual({ url: 'ipc:///tmp/s', bind: true });
});
