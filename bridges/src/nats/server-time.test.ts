import { expect, it } from 'vitest';
import { parseTime, storedAt, timeAfter } from './server-time.ts';

it.each([
  ['2026-11-28T23:23:25.160092539Z', '1795908205160092539', '2026-11-28T23:23:25.160092540Z'],
  ['2026-11-28T23:23:25.16Z', '1795908205160000000', '2026-11-28T23:23:25.160000001Z'],
  ['2026-11-28T23:23:25Z', '1795908205000000000', '2026-11-28T23:23:25.000000001Z'],
  ['2026-11-28T23:23:25.999999999Z', '1795908205999999999', '2026-11-28T23:23:26.000000000Z'],
])('%s is a time in nanoseconds', (text, time, next) => {
  expect(parseTime(text)).toBe(time);
  expect(timeAfter(time)).toBe(next);
});

it.each([
  '$JS.ACK.ORDERS.sluice-1.1.7.3.1795908205160092539.0',
  '$JS.ACK.hub.ACCOUNT.ORDERS.sluice-1.1.7.3.1795908205160092539.0',
  '$JS.ACK.hub.ACCOUNT.ORDERS.sluice-1.1.7.3.1795908205160092539.0.token',
])('%s tells when the message was stored', (reply) => {
  expect(storedAt({ reply })).toBe('1795908205160092539');
});
