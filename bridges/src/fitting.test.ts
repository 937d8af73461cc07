import { expect, it } from 'vitest';
import { fitting } from './fitting.ts';

it.each([
  ['audit', 255, 'audit'],
  ['x'.repeat(256), 255, 'x'.repeat(255)],
  ['é'.repeat(128), 255, 'é'.repeat(127)],
  ['漢'.repeat(86), 255, '漢'.repeat(85)],
  ['漢'.repeat(85), 255, '漢'.repeat(85)],
  ['😀'.repeat(64), 255, '😀'.repeat(63)],
  ['😀', 3, ''],
])('"%s" in %i bytes', (text, bytes, expected) => {
  expect(fitting(text, bytes)).toBe(expected);
});
