import { describe, expect, it } from 'vitest';
import { StubSubscriber } from '../../test/support/stub-subscriber.ts';
import type { RuleMatch } from '../channels/rules.ts';
import { ManualClock } from '../util/clock.ts';
import { OpenRequest } from './open-request.ts';
import type { Requests } from './requests.ts';
import { Responder } from './responder.ts';

function start() {
  const clock = new ManualClock();
  const subscriber = new StubSubscriber();
  const finished: Responder[] = [];
  const requests = { withdraw: () => {}, poolOf: () => undefined } as Partial<Requests> as Requests;
  const responder = new Responder(subscriber, {
    ...{ channel: 'sum', concurrency: 16, clock, requests },
    onFinished: (one) => finished.push(one),
  });
  const ends: unknown[] = [];
  const request = (id: string) =>
    new OpenRequest({
      ...{ id, channel: 'sum', match: {} as RuleMatch, data: id, size: 1, from: undefined, timeout: 100 },
      ...{ arrived: clock.monotonic(), onEnd: () => {} },
      sink: { reply: () => undefined, end: (end) => void ends.push(end) },
    });
  return { clock, subscriber, responder, finished, ends, request };
}

describe('a responder', () => {
  it('learns the time that is left of a request that has waited', () => {
    const { clock, subscriber, responder, request } = start();
    const waited = request('r1');
    clock.advance(40);
    responder.handle(waited);
    expect(subscriber.received).toMatchObject([{ type: 'requests', requests: [{ request: 'r1', timeout: 60 }] }]);
  });

  it('that was withdrawn has finished with the last of its requests', () => {
    const { responder, finished, request } = start();
    const [first, second] = [request('r1'), request('r2')];
    for (const each of [first, second]) responder.handle(each);
    responder.finish();
    responder.released(first);
    expect([responder.isBusy, finished]).toEqual([true, []]);
    responder.released(second);
    expect([responder.isBusy, finished]).toEqual([false, [responder]]);
  });

  it('that was not withdrawn stays without requests', () => {
    const { responder, finished, request } = start();
    const only = request('r1');
    responder.handle(only);
    responder.released(only);
    expect(finished).toEqual([]);
  });

  it('that has gone ends its requests', () => {
    const { responder, ends, request } = start();
    responder.handle(request('r1'));
    responder.end('closed');
    expect(ends).toMatchObject([{ error: 'responder_lost' }]);
  });
});
