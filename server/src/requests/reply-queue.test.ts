import { describe, expect, it } from 'vitest';
import { ReplyQueue } from './reply-queue.ts';

const BIG = 100_000;

describe('a reply that has to wait for its reader', () => {
  it.each<[string, (queue: ReplyQueue) => unknown]>([
    ['the reader reads', (queue) => queue.next()],
    ['the reader leaves', (queue) => queue.abandon()],
    ['the request ends', (queue) => queue.settle({})],
  ])('is answered when %s', async (_, happen) => {
    let left = 0;
    const queue = new ReplyQueue(() => left++);
    const room = queue.reply('big', BIG);
    expect(room).toBeInstanceOf(Promise);
    await happen(queue);
    await room;
    queue.abandon();
    queue.abandon();
    expect(left).toBe(1);
  });
});
