import { expect, it } from 'vitest';
import { dayName, timeAgo } from './moments.ts';

const noon = new Date(2026, 4, 12, 12, 0, 0).getTime();
const minute = 60_000;
const hour = 60 * minute;

it.each([
  [0, 'Today'],
  [-11 * hour, 'Today'],
  [-13 * hour, 'Yesterday'],
  [-72 * hour, 'Saturday 9 May'],
])('names the day %d ms from now %s', (delta, name) => {
  expect(dayName(noon + delta, noon)).toBe(name);
});

it.each([
  [30 * minute, 'just now'],
  [0, 'just now'],
  [-5 * minute, '5 min ago'],
  [-3 * hour, '09:00'],
  [-24 * hour, 'Yesterday, 12:00'],
])('formats a time %d ms from now as %s', (delta, words) => {
  expect(timeAgo(noon + delta, noon)).toBe(words);
});
