import { expect, it } from 'vitest';
import { FrameBuffer } from './frame-buffer.ts';

function bufferOf(most: number) {
  const counted = { lost: 0 };
  return { counted, buffer: new FrameBuffer({ most, onLost: () => void counted.lost++ }) };
}

const message = (bytes: number, frames = 1) =>
  Array.from({ length: frames }, () => Buffer.alloc(Math.floor(bytes / frames)));

/** Has it resolved within a turn? */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

it.each([
  ['messages', 2, 10],
  ['bytes', 1_000, 8_388_608],
  ['empty frames', 1_000, 0, 70_000],
])('a socket waits while its buffer is full of %s', async (_, most, bytes, frames = 2) => {
  const { buffer } = bufferOf(most);
  expect(await isDone(buffer.push(message(bytes, frames)))).toBe(true);
  const second = buffer.push(message(bytes, frames));
  expect(await isDone(second)).toBe(false);
  expect(await buffer.take(1)).toHaveLength(1);
  expect(await isDone(second)).toBe(true);
});

it('what a socket has received when its connection ends is lost, once, and what comes later', async () => {
  const { buffer, counted } = bufferOf(2);
  const pushed = [buffer.push(message(1)), buffer.push(message(1))];
  buffer.fail(new Error('gone'));
  buffer.fail(new Error('gone again'));
  await Promise.all(pushed);
  expect(counted.lost).toBe(2);
  await buffer.push(message(1));
  expect(counted.lost).toBe(3);
  await expect(buffer.take(1)).rejects.toThrow('gone');
});
