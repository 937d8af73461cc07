import { describe, expect, it } from 'vitest';
import { PublishRates } from './publish-rates.ts';

const RATE = { perSecond: 2, burst: 10 };
const at = (now: number) => ({ channel: 'chat:a', now });

describe('the rate of a user', () => {
  it('is kept over requests, and tells how long to wait', () => {
    const rates = new PublishRates();
    for (let n = 0; n < 10; n++) expect(rates.take('ada', RATE, at(0))).toBeNull();
    expect(rates.take('ada', RATE, at(0))?.body).toMatchObject({ name: 'rate_limited', retryAfter: 500 });
    expect(rates.take('ada', RATE, at(500))).toBeNull();
  });

  it('is one of the user and of the rule', () => {
    const rates = new PublishRates();
    for (let n = 0; n < 10; n++) rates.take('ada', RATE, at(0));
    expect(rates.take('ben', RATE, at(0))).toBeNull();
    expect(rates.take('ada', { ...RATE }, at(0))).toBeNull();
    expect(rates.take('ada', null, at(0))).toBeNull();
  });

  it('is forgotten of whoever has been quiet for longest, when there are too many', () => {
    const rates = new PublishRates();
    for (let n = 0; n < 10; n++) rates.take('quiet', RATE, at(0));
    for (let n = 0; n < 10_000; n++) rates.take(`user ${n}`, RATE, at(0));
    expect(rates.take('quiet', RATE, at(0))).toBeNull();
  });
});
