import { expect, it } from 'vitest';
import { ManualClock } from '../util/clock.ts';
import type { HttpReply, Request } from './http.ts';
import { OpenRequests } from './open-requests.ts';

/** Requests that the test answers. */
function setUp() {
  const replies: { resolve: (reply: HttpReply) => void; reject: (error: Error) => void }[] = [];
  const handle = () => new Promise<HttpReply>((resolve, reject) => replies.push({ resolve, reject }));
  const clock = new ManualClock();
  const open = new OpenRequests({ wantsBody: () => null, handle });
  let idle = false;
  const wait = (most = 1_000) => {
    void open.idle(most, clock).then(() => {
      idle = true;
    });
  };
  const isIdle = async () => {
    await new Promise(setImmediate);
    return idle;
  };
  return { open, replies, clock, wait, isIdle, request: () => open.handle({} as Request) };
}

it('is idle at once without requests', async () => {
  const { wait, isIdle, clock } = setUp();
  wait();
  expect(await isIdle()).toBe(true);
  expect(clock.running).toBe(0);
});

it('waits for every request, answered or failed', async () => {
  const { wait, isIdle, replies, request, clock } = setUp();
  const first = request();
  const second = request();
  wait();
  replies[0]?.resolve({ status: 200 });
  expect(await first).toEqual({ status: 200 });
  expect(await isIdle()).toBe(false);
  replies[1]?.reject(new Error('broken'));
  await expect(second).rejects.toThrow('broken');
  expect(await isIdle()).toBe(true);
  expect(clock.running).toBe(0);
});

it('waits no longer than it may', async () => {
  const { wait, isIdle, request, clock } = setUp();
  void request();
  wait(1_000);
  clock.advance(999);
  expect(await isIdle()).toBe(false);
  clock.advance(1);
  expect(await isIdle()).toBe(true);
});

it('does not wait without a time', async () => {
  const { wait, isIdle, request } = setUp();
  void request();
  wait(0);
  expect(await isIdle()).toBe(true);
});
