import { parsePattern } from '@sluice/protocol';
import { describe, expect, it } from 'vitest';
import { UserAllowances } from './user-allowances.ts';

const RATE = { perSecond: 2, burst: 10 };
const RULE = { pattern: parsePattern('chat:{x}'), rate: RATE };
const CHANNEL = 'chat:a';

describe('the rate of a user', () => {
  it('is kept across requests, and returns how long to wait', () => {
    const allowances = new UserAllowances();
    for (let n = 0; n < 10; n++) expect(allowances.of('ada').takePublish(RULE, CHANNEL, 0)).toBeNull();
    expect(allowances.of('ada').takePublish(RULE, CHANNEL, 0)?.body).toMatchObject({
      name: 'rate_limited',
      retryAfter: 500,
    });
    expect(allowances.of('ada').takePublish(RULE, CHANNEL, 500)).toBeNull();
  });

  it('is one of the user and of the rule', () => {
    const allowances = new UserAllowances();
    for (let n = 0; n < 10; n++) allowances.of('ada').takePublish(RULE, CHANNEL, 0);
    expect(allowances.of('ben').takePublish(RULE, CHANNEL, 0)).toBeNull();
    expect(allowances.of('ada').takePublish({ ...RULE, pattern: parsePattern('chat:b') }, CHANNEL, 0)).toBeNull();
    expect(allowances.of('ada').takePublish({ ...RULE, rate: null }, CHANNEL, 0)).toBeNull();
  });

  it('goes on when the rules are loaded anew, and begins anew only with another rate', () => {
    const allowances = new UserAllowances();
    for (let n = 0; n < 10; n++) allowances.of('ada').takePublish(RULE, CHANNEL, 0);
    const again = { pattern: parsePattern('chat:{x}'), rate: { ...RATE } };
    expect(allowances.of('ada').takePublish(again, CHANNEL, 0)?.body).toMatchObject({
      name: 'rate_limited',
      retryAfter: 500,
    });
    const faster = { ...again, rate: { perSecond: 4, burst: 10 } };
    expect(allowances.of('ada').takePublish(faster, CHANNEL, 0)).toBeNull();
  });

  it('is forgotten of whoever has been quiet for longest, when there are too many', () => {
    const allowances = new UserAllowances();
    for (let n = 0; n < 10; n++) allowances.of('quiet').takePublish(RULE, CHANNEL, 0);
    for (let n = 0; n < 10_000; n++) allowances.of(`user ${n}`).takePublish(RULE, CHANNEL, 0);
    expect(allowances.of('quiet').takePublish(RULE, CHANNEL, 0)).toBeNull();
  });
});
