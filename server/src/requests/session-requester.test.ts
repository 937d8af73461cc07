import { describe, expect, it } from 'vitest';
import { StubSubscriber } from '../../test/support/stub-subscriber.ts';
import { Refusal } from '../refusal.ts';
import type { RequestEnd } from './request-end.ts';
import { SessionRequester } from './session-requester.ts';

/** A connection that waits for the replies to two requests. */
function start() {
  const subscriber = new StubSubscriber();
  const ends: RequestEnd[] = [];
  const [requester, other] = [1, 2].map((command) => {
    const created = new SessionRequester(subscriber, { command, channel: 'sum', onEnd: (end) => ends.push(end) });
    subscriber.standings.add(created);
    return created;
  }) as [SessionRequester, SessionRequester];
  const received = () =>
    subscriber.received.flatMap((push) => (push.type === 'replies' ? push.replies.map(({ data }) => data) : []));
  return { subscriber, ends, requester, other, received };
}

describe('replies to a connection', () => {
  it('leave at once if it has room', () => {
    const { requester, received } = start();
    expect([requester.reply(1, 1), requester.reply(2, 1)]).toEqual([undefined, undefined]);
    expect(received()).toEqual([1, 2]);
  });

  it('are held without room, and leave in their order; then its end is answered', async () => {
    const { subscriber, ends, requester, received } = start();
    subscriber.connection.congested = true;
    const first = requester.reply(1, 1);
    expect(first).toBeInstanceOf(Promise);
    requester.settle({ data: 9 });
    subscriber.connection.congested = false; // its event comes later
    const second = requester.reply(2, 1);
    expect([received(), ends]).toEqual([[], []]);
    requester.drained();
    await Promise.all([first, second]);
    expect([received(), ends]).toEqual([[1, 2], [{ data: 9 }]]);
  });

  it('are dropped if the request fails, and those who wait for room go on', async () => {
    const { subscriber, ends, requester, received } = start();
    subscriber.connection.congested = true;
    const waiting = requester.reply(1, 1);
    requester.settle(new Refusal('responder_lost'));
    await waiting;
    subscriber.connection.congested = false;
    requester.drained();
    expect([received(), ends]).toMatchObject([[], [{ error: 'responder_lost' }]]);
  });

  it('may have 256 KiB together while they are held', () => {
    const { subscriber, requester, other } = start();
    subscriber.connection.congested = true;
    expect(requester.reply('a', 200_000)).toBeInstanceOf(Promise);
    expect(other.reply('b', 62_144)).toBeInstanceOf(Promise);
    expect(other.reply('c', 1)).toBeNull();
    subscriber.connection.congested = false;
    requester.drained();
    subscriber.connection.congested = true;
    expect(other.reply('c', 1)).toBeInstanceOf(Promise);
  });
});
