import { describe, expect, it } from 'vitest';
import { isBack, viaHeaderOf, viaTagOf } from './circle-guard.ts';

type Headers = Readonly<Record<string, string>>;

/** A gateway with the channels that get copies of others. */
const gateway = (name: string, copies: Readonly<Record<string, readonly string[]>> = {}) => ({
  origin: () => name,
  copiesOf: (channel: string) => copies[channel] ?? [],
});

const sentBy = (origin: string, channel: string): Headers => ({ 'sluice-origin': origin, 'sluice-channel': channel });

/** A record that these gateways have sent, one after the other: each reads it, and sends it from a channel. */
function passed(...steps: readonly (readonly [origin: string, channel: string])[]): Headers {
  let headers: Headers = {};
  for (const [origin, channel] of steps) {
    const via = viaHeaderOf(viaTagOf(headers));
    headers = { ...via.headers, ...sentBy(origin, channel) };
  }
  return headers;
}

describe('a record is back', () => {
  it.each<[string, Headers, string, boolean]>([
    ['in the channel that sent it', sentBy('a', 'x'), 'x', true],
    ['in another channel', sentBy('a', 'x'), 'y', false],
    ['from another gateway', sentBy('b', 'x'), 'x', false],
    ['from no gateway', {}, 'x', false],
    ['from a channel that gets a copy of its target', sentBy('a', 'all'), 'orders:1', true],
    ['after another gateway has sent it', passed(['a', 'x'], ['b', 'x']), 'x', true],
    ['after another gateway has sent it from another channel', passed(['a', 'x'], ['b', 'z']), 'x', true],
    ['after two channels of its own', passed(['a', 'x'], ['a', 'y']), 'x', true],
    ['in a third channel after two', passed(['a', 'x'], ['a', 'y']), 'z', false],
    ['after many gateways', passed(['a', 'x'], ['b', 'x'], ['c', 'x'], ['d', 'x']), 'x', true],
    ['in a bound channel after another gateway', passed(['a', 'all'], ['b', 'all']), 'orders:1', true],
    ['for the first time, after others', passed(['b', 'x'], ['c', 'x']), 'x', false],
    [
      'with a header that no gateway has written',
      { ...sentBy('b', 'x'), 'sluice-via': '漢 x '.repeat(99) },
      'x',
      false,
    ],
  ])('%s', (_, headers, channel, expected) => {
    expect(isBack(headers, channel, gateway('a', { 'orders:1': ['all'] }))).toBe(expected);
  });
});

describe('where a message was', () => {
  it('is in a tag of a message that a gateway has sent, and of no other', () => {
    expect(viaTagOf({})).toEqual({});
    expect(viaTagOf({ 'sluice-origin': 'a' })).toEqual({});
    expect(viaTagOf(sentBy('a', 'x'))).toEqual({ 'x-via': expect.stringMatching(/^[\w-]{12}$/) });
  });

  it('fits in a tag after any number of gateways: the oldest ones are left out', () => {
    const steps = Array.from({ length: 30 }, (_, at) => [`${at}`, 'x'] as const);
    const { 'x-via': via = '' } = viaTagOf(passed(...steps));
    expect(via.length).toBeLessThanOrEqual(256);
    expect(via.split(' ')).toHaveLength(19);
    expect(isBack(passed(...steps), 'x', gateway('28'))).toBe(true);
    expect(isBack(passed(...steps), 'x', gateway('0'))).toBe(false);
  });

  it('has no tag where a message has as many as it may', () => {
    const tags = Object.fromEntries(Array.from({ length: 16 }, (_, at) => [`${at}`, '']));
    expect(viaTagOf(sentBy('a', 'x'), tags)).toEqual({});
    const { '15': _, ...fewer } = tags;
    expect(Object.keys(viaTagOf(sentBy('a', 'x'), { ...fewer, 'x-via': 'old' }))).toEqual(['x-via']);
  });

  it('is a header of what is sent, and no tag of it', () => {
    expect(viaHeaderOf({ region: 'eu' })).toEqual({ headers: {}, tags: { region: 'eu' } });
    expect(viaHeaderOf({ region: 'eu', 'x-via': 'a' })).toEqual({
      headers: { 'sluice-via': 'a' },
      tags: { region: 'eu' },
    });
  });
});
