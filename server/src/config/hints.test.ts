import { describe, expect, it } from 'vitest';
import type { ConfigInput } from './config.ts';
import { hintsFor } from './hints.ts';
import { parseConfig } from './schema.ts';

const channels = { audit: { allow: { subscribe: 'users' as const }, history: true } };
const redis = { url: 'redis://h' };
const bridges = { in: { redis, from: { streams: ['s'] }, to: { channel: 'audit' } } };

const hints = (input: ConfigInput) => hintsFor(parseConfig({ anonymous: true, channels, sse: false, ...input }));

describe('the hints of a configuration', () => {
  it('say what bridges lose with the memory engine', () => {
    expect(hints({ bridges })).toEqual([
      expect.stringMatching(
        /^bridges: with the engine "memory", a restart loses messages .+\. Choose engine: durable or/,
      ),
    ]);
  });

  it('say that a placeholder in a key of Redis is not filled in', () => {
    const to = { stream: 'audit-{event}' };
    const read = { redis, from: { streams: ['s', '{key}:1', '{order}:1'] }, to: { channel: 'audit' } };
    const both = { in: read, out: { redis, from: { channel: 'audit' }, to } };
    const remedy = 'Unless it is a hash tag of Redis, write a name without placeholders';
    expect(hints({ bridges: both, engine: 'redis', redis })).toEqual([
      `bridges.in.from.streams: has {key}, which is not filled in here. ${remedy}`,
      `bridges.out.to.stream: has {event}, which is not filled in here. ${remedy}`,
    ]);
  });

  it.each<[string, ConfigInput]>([
    ['no bridges', {}],
    ['the durable engine', { bridges, engine: 'durable', durable: { data: 'data' } }],
    ['the Redis engine', { bridges, engine: 'redis', redis }],
  ])('say nothing with %s', (_, input) => {
    expect(hints(input)).toEqual([]);
  });
});
