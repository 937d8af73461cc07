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

  it.each<[string, ConfigInput]>([
    ['no bridges', {}],
    ['the durable engine', { bridges, engine: 'durable', durable: { data: 'data' } }],
    ['the Redis engine', { bridges, engine: 'redis', redis }],
  ])('say nothing with %s', (_, input) => {
    expect(hints(input)).toEqual([]);
  });
});
