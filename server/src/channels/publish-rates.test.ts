import { parsePattern } from '@sluice/protocol';
import { describe, expect, it } from 'vitest';
import { PublishRates } from './publish-rates.ts';

const RATE = { perSecond: 2, burst: 10 };
const RULE = { pattern: parsePattern('chat:{x}'), rate: RATE };
const at = (now: number) => ({ channel: 'chat:a', now });

describe('the rate of a user', () => {
  it('is kept over requests, and tells how long to wait', () => {
    const rates = new PublishRates();
    for (let n = 0; n < 10; n++) expect(rates.take('ada', RULE, at(0))).toBeNull();
    expect(rates.take('ada', RULE, at(0))?.body).toMatchObject({ name: 'rate_limited', retryAfter: 500 });
    expect(rates.take('ada', RULE, at(500))).toBeNull();
  });

  it('is one of the user and of the rule', () => {
    const rates = new PublishRates();
    for (let n = 0; n < 10; n++) rates.take('ada', RULE, at(0));
    expect(rates.take('ben', RULE, at(0))).toBeNull();
    expect(rates.take('ada', { ...RULE, pattern: parsePattern('chat:b') }, at(0))).toBeNull();
    expect(rates.take('ada', { ...RULE, rate: null }, at(0))).toBeNull();
  });

  it('goes on when the rules are loaded anew, and begins anew only with another rate', () => {
    const rates = new PublishRates();
    for (let n = 0; n < 10; n++) rates.take('ada', RULE, at(0));
    const again = { pattern: parsePattern('chat:{x}'), rate: { ...RATE } };
    expect(rates.take('ada', again, at(0))?.body).toMatchObject({ name: 'rate_limited', retryAfter: 500 });
    const faster = { ...again, rate: { perSecond: 4, burst: 10 } };
    expect(rates.take('ada', faster, at(0))).toBeNull();
  });

  it('is forgotten of whoever has been quiet for longest, when there are too many', () => {
    const rates = new PublishRates();
    for (let n = 0; n < 10; n++) rates.take('quiet', RULE, at(0));
    for (let n = 0; n < 10_000; n++) rates.take(`user ${n}`, RULE, at(0));
    expect(rates.take('quiet', RULE, at(0))).toBeNull();
  });
});
