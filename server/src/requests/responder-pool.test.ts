import { describe, expect, it } from 'vitest';
import type { RuleMatch } from '../channels/rules.ts';
import { Refusal } from '../refusal.ts';
import { OpenRequest, type ReplySink, type RequestHandler } from './open-request.ts';
import { ResponderPool } from './responder-pool.ts';

const MEGABYTE = 1_048_576;

/** A responder that a test can make slow. */
class StubHandler implements RequestHandler {
  readonly concurrency: number;
  readonly has: OpenRequest[] = [];
  /** Requests after which it does not read for a while. */
  most: number;

  constructor(concurrency: number, most = Number.POSITIVE_INFINITY) {
    this.concurrency = concurrency;
    this.most = most;
  }

  get hasRoom(): boolean {
    return this.has.length < this.most;
  }

  handle(request: OpenRequest): void {
    this.has.push(request);
  }

  released(): void {}
  cancelled(): void {}
}

let count = 0;

function request({ size = 1, sink = {} as Partial<ReplySink> } = {}): OpenRequest {
  return new OpenRequest({
    ...{ id: `r${++count}`, channel: 'sum', match: {} as RuleMatch, data: null, size, from: undefined },
    ...{ timeout: 100, arrived: 0, onEnd: () => {} },
    sink: { reply: () => undefined, end: () => {}, ...sink },
  });
}

const start = (handler: StubHandler) => {
  const pool = new ResponderPool('sum', () => {});
  void pool.add(handler);
  return pool;
};

describe('requests that wait for a responder', () => {
  it('may have 8 MiB together, and give them back when they go', () => {
    const handler = new StubHandler(1);
    const pool = start(handler);
    const submit = () => pool.submit(request({ size: 3 * MEGABYTE }));
    expect([submit(), submit(), submit()]).toEqual([null, null, null]); // one is being answered
    expect(submit()).toMatchObject({ error: 'responders_busy' });
    for (const expected of [null, null]) {
      handler.has.at(-1)?.end({ data: 1 });
      expect(submit()).toBe(expected);
    }
    expect(submit()).toMatchObject({ error: 'responders_busy' });
  });

  it('end when the last responder leaves', () => {
    const handler = new StubHandler(1);
    const pool = start(handler);
    const ends: unknown[] = [];
    const sink = { end: (end: unknown) => void ends.push(end instanceof Refusal ? end.error : end) };
    for (let n = 0; n < 2; n++) pool.submit(request({ sink }));
    void pool.remove(handler);
    expect([ends, pool.load]).toEqual([['no_responders'], 0]);
  });
});

describe('a responder that does not read', () => {
  it('gets no more requests until it does', () => {
    const handler = new StubHandler(10, 2);
    const pool = start(handler);
    for (let n = 0; n < 4; n++) pool.submit(request());
    expect(handler.has).toHaveLength(2);
    pool.resume(handler);
    expect(handler.has).toHaveLength(2);
    handler.most = 4;
    pool.resume(handler);
    expect(handler.has).toHaveLength(4);
  });
});

describe('an open request', () => {
  it('may have 16 replies that the requester has no room for', async () => {
    const waiting: (() => void)[] = [];
    const open = request({ sink: { reply: () => new Promise<void>((resolve) => waiting.push(resolve)) } });
    const replies = Array.from({ length: 16 }, () => open.reply(1, 1));
    expect(replies.every((reply) => reply instanceof Promise)).toBe(true);
    expect(open.reply(1, 1)).toMatchObject({ error: 'rate_limited' });
    waiting[0]?.();
    await replies[0];
    expect(open.reply(1, 1)).toBeInstanceOf(Promise);
    expect(open.reply(1, 1)).toMatchObject({ error: 'rate_limited' });
    expect(open.replies).toBe(17);
  });
});
