import { describe, expect, it } from 'vitest';
import { parseConfig } from '../config/schema.ts';
import { Rules } from './rules.ts';

const rules = new Rules(
  parseConfig({
    anonymous: true,
    channels: {
      '**': {},
      'chat:**': {},
      'chat:{room}': {},
      'chat:lobby': {},
      '{kind}:lobby': {},
      'user:{id}:inbox': {},
    },
  }).channels,
);

describe('the rule of a channel', () => {
  it.each([
    ['chat:lobby', 'chat:lobby', {}],
    ['chat:garden', 'chat:{room}', { room: 'garden' }],
    ['chat:garden:bench', 'chat:**', {}],
    ['news:lobby', '{kind}:lobby', { kind: 'news' }],
    ['user:42:inbox', 'user:{id}:inbox', { id: '42' }],
    ['user:42', '**', {}],
    ['chat', '**', {}],
  ])('%s is %s', (channel, source, params) => {
    for (let again = 0; again < 2; again++) {
      const match = rules.match(channel);
      expect([match?.rule.pattern.source, { ...match?.params }]).toEqual([source, params]);
    }
  });

  it('is none where none matches', () => {
    const few = new Rules(parseConfig({ anonymous: true, channels: { 'chat:{room}': {} } }).channels);
    expect([few.match('news:a'), few.match('news:a'), few.match('chat:a:b')]).toEqual([null, null, null]);
  });

  it('is found for more channels than it remembers, which are 20,000 at most', () => {
    let most = 0;
    for (let at = 0; at < 50_000; at++) {
      expect(rules.match(`chat:${at}`)?.params).toMatchObject({ room: String(at) });
      most = Math.max(most, rules.remembered);
    }
    expect(most).toBe(20_000);
  });
});
