import { describe, expect, it } from 'vitest';
import { type Option, rowsOf, type Table } from '../options/option.ts';
import { ConfigError, parseConfig } from '../schema.ts';
import { BRIDGE_SYSTEMS } from './bridge-systems.ts';

/** Of each system, what it needs, and whether its messages have keys. */
const SYSTEMS: Readonly<
  Record<string, { readonly connection: object; readonly from: object; readonly hasKeys: boolean }>
> = {
  redis: { connection: { url: 'redis://h' }, from: { streams: ['s'] }, hasKeys: true },
  kafka: { connection: { brokers: 'h' }, from: { topics: 't' }, hasKeys: true },
  nats: { connection: { url: 'nats://h' }, from: { stream: 's' }, hasKeys: false },
  rabbitmq: { connection: { url: 'amqp://h' }, from: { queue: 'q' }, hasKeys: false },
  activemq: { connection: { url: 'amqp://h' }, from: { queue: 'q' }, hasKeys: true },
  sqs: { connection: {}, from: { queue: 'q' }, hasKeys: true },
  pubsub: { connection: { project: 'p' }, from: { subscription: 's' }, hasKeys: true },
  zeromq: { connection: { url: 'tcp://a:1' }, from: { socket: 'pull' }, hasKeys: false },
  postgres: { connection: { url: 'postgres://h/d' }, from: {}, hasKeys: false },
};

const KEYLESS = ['{topic}', '{subject}', '{header:type}'];
const ALL = [
  ...KEYLESS,
  '{key}',
  '{data:/a}',
  '{data:}',
  '{event}',
  '{channel}',
  '{tag:a}',
  '{id}',
  '{}',
  '{header:}',
  '{data:a}',
];

function problemsOf(bridge: Record<string, unknown>): readonly string[] {
  try {
    parseConfig({ anonymous: true, channels: { '**': { history: true } }, bridges: { b: bridge } });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

it('are known for every system', () => {
  expect(Object.keys(SYSTEMS).sort()).toEqual(Object.keys(BRIDGE_SYSTEMS).sort());
});

describe.each(Object.entries(SYSTEMS))('templates of bridges from %s', (name, { connection, from, hasKeys }) => {
  const known: Readonly<Record<string, readonly string[]>> = {
    json: [...KEYLESS, '{data:/a}', '{data:}'],
    cloudevents: [...KEYLESS, '{data:/a}', '{data:}', '{event}'],
    text: [...KEYLESS, '{data:}'],
    base64: KEYLESS,
  };

  it.each(Object.entries(known))('with data: %s know their placeholders, and refuse others', (data, others) => {
    const allowed = hasKeys ? [...others, '{key}'] : others;
    for (const placeholder of ALL) {
      const template = `a:${placeholder}`;
      const to = { channel: template, event: template, tags: { a: template }, data };
      const fault = `uses ${placeholder}, which is no placeholder for a message of `;
      const faults = ['channel', 'event', 'tags.a'].map((option) =>
        expect.stringContaining(`bridges.b.to.${option}: ${fault}`),
      );
      const problems = problemsOf({ [name]: { ...connection }, from, to });
      expect(problems, placeholder).toEqual(allowed.includes(placeholder) ? [] : faults);
    }
  });

  it('need both braces', () => {
    const problems = problemsOf({ [name]: { ...connection }, from, to: { channel: 'a:{topic' } });
    expect(problems).toEqual(['bridges.b.to.channel: has a brace without its other half. Remove it']);
  });
});

/** Every option with a text of a table, and an input for the others that are required. */
function textOptions(
  table: Table,
): readonly { readonly option: string; readonly type: string; readonly others: object }[] {
  const rows = rowsOf(table);
  const required = Object.fromEntries(
    rows.flatMap(({ path, ...row }) => (row.required === true ? [[path, wordFor(row)]] : [])),
  );
  return rows
    .filter(({ schema, type }) => type === 'template' || schema.safeParse('word').success)
    .map(({ path, type }) => ({ option: path, type, others: { ...required } }));
}

/** The first of some words that the option accepts. */
const wordFor = ({ schema }: Omit<Option, 'path'>): unknown =>
  ['word', ['word'], 'dealer', 'pull'].find((word) => schema.safeParse(word).success);

const OUT = Object.entries(SYSTEMS).flatMap(([name, { connection }]) =>
  textOptions(BRIDGE_SYSTEMS[name]?.to ?? {}).map(({ option, type, others }) => ({
    name,
    connection,
    option,
    type,
    others,
  })),
);
const IN = Object.entries(SYSTEMS).flatMap(([name, { connection }]) =>
  textOptions(BRIDGE_SYSTEMS[name]?.from ?? {}).map(({ option, type, others }) => ({
    name,
    connection,
    option,
    type,
    others,
  })),
);

describe('options of bridges that send', () => {
  const problemsWith = ({ name, connection, option, others }: (typeof OUT)[number], text: string) =>
    problemsOf({ [name]: connection, from: { channel: 'a' }, to: { ...others, [option]: text } }).filter((problem) =>
      problem.startsWith(`bridges.b.to.${option}:`),
    );

  it('of type template are known', () => {
    expect(OUT.filter(({ type }) => type === 'template').map(({ name, option }) => `${name} ${option}`)).toEqual([
      ...['kafka topic', 'kafka key', 'nats subject', 'rabbitmq routingKey', 'activemq group', 'zeromq topic'],
    ]);
  });

  describe.each(OUT.filter(({ type }) => type === 'template'))('$name: $option', (at) => {
    it.each(['{channel}', '{source}', 'a-{event}', '{tag:a}.{tag:b}'])('may be %s', (text) => {
      expect(problemsWith(at, text)).toEqual([]);
    });

    it.each(['{evnet}', '{data:/a}', '{data:}', '{topic}', '{subject}', '{key}', '{header:a}', '{tag:}', '{}'])(
      'may not be %s',
      (text) => {
        expect(problemsWith(at, text)).toEqual([
          expect.stringContaining(
            `uses ${text}, which is no placeholder for a message of a channel. Use {channel}, {source}, {event}, {tag:name}`,
          ),
        ]);
      },
    );

    it('needs both braces', () => {
      expect(problemsWith(at, 'a-{event')).toEqual([expect.stringContaining('has a brace without its other half')]);
    });
  });

  it.each(OUT.filter(({ type }) => type !== 'template' && type !== 'key'))('$name: $option is no template', (at) => {
    for (const placeholder of ['{event}', '{channel}', '{source}', '{tag:a}', '{key}', '{topic}']) {
      expect(problemsWith(at, `audit-${placeholder}`)).toHaveLength(1);
    }
  });

  it.each(['{audit}:1', '{event}:1', '{key}', 'a{channel}', '{data:}'])('of Redis may have the hash tag %s', (key) => {
    const redis = { url: 'redis://h' };
    expect(problemsOf({ redis, from: { channel: 'a' }, to: { stream: key } })).toEqual([]);
    expect(problemsOf({ redis, from: { streams: ['a', key] }, to: { channel: 'a' } })).toEqual([]);
  });

  it('say why a placeholder is refused', () => {
    const to = { stream: 'audit', body: 'audit-{event}' };
    expect(problemsOf({ redis: { url: 'redis://h' }, from: { channel: 'a' }, to })).toEqual([
      'bridges.b.to.body: has {event}, which is not filled in here. Write a name without placeholders',
    ]);
  });
});

it.each(IN)('$name: $option of a bridge that reads is no template', ({ name, connection, option, others }) => {
  const from = { ...others, [option]: 'a-{key}' };
  const problems = problemsOf({ [name]: connection, from, to: { channel: 'a' } });
  expect(problems.filter((problem) => problem.startsWith(`bridges.b.from.${option}:`))).toHaveLength(1);
});
