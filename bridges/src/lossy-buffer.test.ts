import { expect, it } from 'vitest';
import { LossyBuffer } from './lossy-buffer.ts';

function bufferOf(most: number) {
  const counted = { lost: 0 };
  const buffer = new LossyBuffer<string>({ most, sizeOf: (item) => item.length, onLost: () => void counted.lost++ });
  return { buffer, counted };
}

it('a lossy buffer keeps what came first, and counts what has no room', async () => {
  const { buffer, counted } = bufferOf(2);
  for (const item of ['a', 'b', 'c', 'd']) buffer.push(item);
  expect(counted.lost).toBe(2);
  expect(await buffer.take(10)).toEqual(['a', 'b']);
  buffer.push('e');
  expect(await buffer.take(10)).toEqual(['e']);
  expect(counted.lost).toBe(2);
});

it('a lossy buffer is limited by bytes as well', async () => {
  const { buffer, counted } = bufferOf(1_000);
  const large = 'x'.repeat(9_000_000);
  for (let at = 0; at < 4; at++) buffer.push(large);
  expect(counted.lost).toBe(2);
  expect(await buffer.take(1)).toHaveLength(1);
  buffer.push(large);
  expect(counted.lost).toBe(2);
});

it('what waits in a lossy buffer when the connection ends is lost, once, and what comes later', async () => {
  const { buffer, counted } = bufferOf(10);
  buffer.push('a');
  buffer.push('b');
  buffer.fail(new Error('gone'));
  buffer.fail(new Error('gone again'));
  expect(counted.lost).toBe(2);
  await expect(buffer.take(1)).rejects.toThrow('gone');
  buffer.push('c');
  expect(counted.lost).toBe(3);
});
