import { describe, expect, it } from 'vitest';
import { ManualClock } from '../util/clock.ts';
import type { HttpReply, HttpStream, Request, StreamBody } from './http.ts';
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

describe('a stream', () => {
  const bodyOf = (ends: boolean) => {
    const calls: string[] = [];
    let stream: HttpStream | undefined;
    const body: StreamBody = {
      ...{ filler: ' ', ends },
      open: (opened) => {
        stream = opened;
        return { drained: () => void calls.push('drained'), closed: () => void calls.push('closed') };
      },
      abandon: () => void calls.push('abandoned'),
    };
    return { body, calls, end: () => stream?.end() };
  };

  async function stream(ends: boolean) {
    const { open, replies, request, ...rest } = setUp();
    const { body, ...handle } = bodyOf(ends);
    const reply = request();
    replies[0]?.resolve({ status: 200, stream: body });
    const { stream: counted = expect.fail('no stream') } = await reply;
    rest.wait();
    return { ...rest, ...handle, counted };
  }

  const transport = { write: () => true, end: () => {} };

  it('is waited for until it ends', async () => {
    const { counted, end, isIdle, clock } = await stream(true);
    counted.open(transport);
    expect(await isIdle()).toBe(false);
    end();
    end();
    expect(await isIdle()).toBe(true);
    expect(clock.running).toBe(0);
  });

  it.each([
    ['its client leaves', 'closed', (body: StreamBody) => body.open(transport).closed()],
    ['it is abandoned', 'abandoned', (body: StreamBody) => body.abandon()],
  ])('is waited for until %s', async (_, call, leave) => {
    const { counted, calls, isIdle } = await stream(true);
    expect(await isIdle()).toBe(false);
    leave(counted);
    expect(calls).toEqual([call]);
    expect(await isIdle()).toBe(true);
  });

  it('that does not end by itself is not waited for', async () => {
    const { counted, isIdle } = await stream(false);
    counted.open(transport);
    expect(await isIdle()).toBe(true);
  });
});
