import { describe, expect, it } from 'vitest';
import { ManualClock } from '../util/clock.ts';
import { ADVANCE } from './dispatch.ts';
import { RemoteSink } from './remote-sink.ts';

function start() {
  const clock = new ManualClock();
  const seen: string[] = [];
  const sink = new RemoteSink({
    ...{ clock, timeout: 100 },
    sendReply: () => void seen.push('reply'),
    sendEnd: () => void seen.push('end'),
    onClosed: () => void seen.push('closed'),
    silent: () => void seen.push('silent'),
  });
  return { clock, sink, seen };
}

describe('replies to a requester on another node', () => {
  it('are sent in advance, and then as the requester has room', async () => {
    const { sink } = start();
    for (let n = 1; n < ADVANCE; n++) expect(sink.reply(n)).toBeUndefined();
    const room = sink.reply(0);
    expect(room).toBeInstanceOf(Promise);
    sink.grant(4);
    await room;
    for (let n = 1; n < 4; n++) expect(sink.reply(n)).toBeUndefined();
    expect(sink.reply(0)).toBeInstanceOf(Promise);
  });

  it('wait no longer when the request has ended', async () => {
    const { clock, sink, seen } = start();
    const replies = Array.from({ length: ADVANCE }, (_, n) => sink.reply(n));
    sink.closed();
    await Promise.all(replies);
    expect([seen.at(-1), clock.running]).toEqual(['closed', 0]);
  });

  it('are given up if that node is silent for five seconds longer than the timeout', () => {
    const { clock, sink, seen } = start();
    clock.advance(5_099);
    void sink.reply(1);
    clock.advance(5_099);
    sink.grant(1);
    clock.advance(5_099);
    expect(seen).toEqual(['reply']);
    clock.advance(1);
    expect(seen).toEqual(['reply', 'silent']);
  });
});
