import { describe, expect, it } from 'vitest';
import { ADVICE, channelOf, countsOf, errorTitle, isChannel } from './bridge-words.ts';

describe('the error of a bridge', () => {
  it.each([
    ['running', 'Latest error'],
    ['standby', 'Latest error, which is over'],
    ['holding', 'Latest error'],
    ['connecting', 'Latest error'],
    ['waiting', 'Latest error'],
    ['failed', 'Latest error'],
    ['stopped', 'Latest error'],
  ] as const)('of a bridge that is %s: %s', (state, title) => {
    expect(errorTitle(state)).toBe(title);
  });

  it('may be of a delivery, and not only of the connection', () => {
    expect(ADVICE.waiting).toContain('The connection or a delivery failed');
  });
});

it.each([
  ['audit', true, 'audit'],
  ['orders:{key}', false, 'orders:{key}'],
  ['', false, 'as each message says'],
])('the channel "%s": may it be opened? %s', (channel, may, text) => {
  expect(isChannel(channel)).toBe(may);
  expect(channelOf({ channel })).toBe(text);
});

it('counts are shown by what happened', () => {
  expect(countsOf({ counts: { published: 1_042, skipped: 3, lost: 2 } })).toBe('1,042 published, 3 skipped, 2 lost');
});
