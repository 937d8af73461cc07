import { describe, expect, it } from 'vitest';
import { Refusal } from '../refusal.ts';
import { ManualClock } from '../util/clock.ts';
import { PendingRequest, type Requester } from './pending-request.ts';

/** A request with a timeout of 100 ms, and everything that happens to it. */
function start(reply: Requester['reply'] = () => undefined) {
  const clock = new ManualClock();
  const ends: unknown[] = [];
  const outcomes: unknown[] = [];
  const withdrawn: string[] = [];
  const requester: Requester = { reply, settle: (end) => ends.push(end instanceof Refusal ? end.error : end) };
  const request = new PendingRequest({
    ...{ requester, channel: 'sum', timeout: 100, clock },
    onEnd: (end) => outcomes.push(end instanceof Refusal ? end.error : end),
  });
  request.assigned((reason) => withdrawn.push(reason));
  return { clock, request, ends, outcomes, withdrawn };
}

describe('a pending request', () => {
  it('ends once, whatever comes first, and leaves no timer', () => {
    const ways: ((request: PendingRequest) => void)[] = [
      (request) => request.end({ data: 1 }),
      (request) => request.cancel('asked', new Refusal('request_cancelled')),
      (request) => request.abandon(),
    ];
    for (const first of ways) {
      const { clock, request, ends, outcomes, withdrawn } = start();
      first(request);
      const before = [ends.length, withdrawn.length];
      for (const second of ways) second(request);
      clock.advance(1_000);
      void request.reply(2, 1);
      expect([ends.length, withdrawn.length]).toEqual(before);
      expect(outcomes).toHaveLength(1);
      expect([request.ended, clock.running]).toEqual([true, 0]);
    }
  });

  it('ends by its timeout, and the responder is notified', () => {
    const { clock, ends, withdrawn } = start();
    clock.advance(100);
    expect([ends, withdrawn]).toEqual([['request_timeout'], ['timeout']]);
  });

  it('has the whole timeout again when its requester has room for the next reply', async () => {
    let free = () => {};
    const { clock, request, ends } = start(
      () =>
        new Promise<void>((resolve) => {
          free = resolve;
        }),
    );
    const room = request.reply(1, 1);
    clock.advance(90);
    free();
    await room;
    clock.advance(90);
    expect(ends).toEqual([]);
    clock.advance(10);
    expect(ends).toEqual(['request_timeout']);
  });

  it('ends if its requester reads too slowly', () => {
    const { request, ends, withdrawn } = start(() => null);
    void request.reply(1, 1);
    expect([ends, withdrawn]).toEqual([['slow_reader'], ['slow_reader']]);
  });
});
