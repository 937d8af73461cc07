import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig } from '../schema.ts';

const channels = { 'orders:{id}': { history: true }, 'deep:{a}:{b}': { history: true }, all: { history: true } };
const redis = { url: 'redis://host' };

function problemsOf(bridge: Record<string, unknown>): readonly string[] {
  try {
    parseConfig({ anonymous: true, channels, bridges: { b: { redis, ...bridge } } });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

const sending = (channel: string) => ({ from: { channel }, to: { stream: 'all' } });
const reading = (channel: string) => ({ from: { streams: ['s'] }, to: { channel, data: 'cloudevents' } });

describe('the channel of a bridge that sends', () => {
  it.each(['all', 'orders:1', 'deep:a:b'])('may be %s', (channel) => {
    expect(problemsOf(sending(channel))).toEqual([]);
  });

  it.each([
    ['orders:*', 'bind: ["orders:*"]'],
    ['orders:{id}', 'bind: ["orders:*"]'],
    ['**', 'bind: ["**"]'],
    ['deep:{a}:*', 'bind: ["deep:*:*"]'],
    ['or ders', 'bind: ["orders:*"]'],
    ['orders::1', 'bind: ["orders:*"]'],
  ])('is one channel, and not %s', (channel, advice) => {
    expect(problemsOf(sending(channel))).toEqual([
      `bridges.b.from.channel: is not a channel. A bridge sends one channel; to send several, add a channel with ${advice}`,
    ]);
  });
});

describe('the channel of a bridge that reads', () => {
  it.each([
    ...['all', 'orders:{key}', 'orders:{header:type}-{key}', 'deep:{topic}:x', 'deep:{subject}:{data:/a/b}'],
    ...['{header:channel}', '{subject}', 'orders:{event}'],
  ])('may be %s', (channel) => {
    expect(problemsOf(reading(channel))).toEqual([]);
  });

  it.each(['or ders::{key}', 'orders:', ':{key}', 'orders:{key}:', 'ord#{key}', `${'x'.repeat(200)}{key}`])(
    'is the name of a channel, and not %s',
    (channel) => {
      expect(problemsOf(reading(channel))).toEqual([
        expect.stringContaining('is not the name of a channel, whatever its placeholders become'),
      ]);
    },
  );

  it.each(['nope', 'orders', 'nope:{key}', 'orders:{key}:{topic}'])('has a rule, unlike %s', (channel) => {
    expect(problemsOf(reading(channel))).toEqual([
      `bridges.b.to.channel: "${channel}" matches no rule. Add a rule for it`,
    ]);
  });
});
