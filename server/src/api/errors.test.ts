import { expect, it } from 'vitest';
import { Refusal } from '../refusal.ts';
import { errorReply } from './errors.ts';

it.each([
  [1, '1'],
  [1_000, '1'],
  [1_001, '2'],
])('an error that ends in %d ms has Retry-After: %s', (retryAfter, seconds) => {
  const { headers } = errorReply(new Refusal('unavailable', 'busy', retryAfter), { Vary: 'Origin' });
  expect(headers).toMatchObject({ 'Retry-After': seconds, Vary: 'Origin' });
});
