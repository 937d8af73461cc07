import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ScriptHost } from '../test/support/script-host.ts';
import { Backoff } from './backoff.ts';
import { pause } from './pause.ts';
import { RecordBuffer } from './record-buffer.ts';

describe('the waits of a bridge', () => {
  it.each([
    [0, [125, 250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]],
    [1, [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]],
  ])('double up to ten seconds, and vary by half: %d', (random, waits) => {
    const backoff = new Backoff(() => random);
    expect(waits.map(() => backoff.next())).toEqual(waits);
    for (let at = 0; at < 2_000; at++) backoff.next();
    expect(backoff.next()).toBe(waits.at(-1));
    backoff.reset();
    expect(backoff.next()).toBe(waits[0]);
  });

  it('end with the signal, and leave neither a timer nor a listener', async () => {
    const { clock, limits } = new ScriptHost();
    const stop = new AbortController();
    const waiting = pause(clock, 60_000, stop.signal);
    expect([limits.size, getEventListeners(stop.signal, 'abort').length]).toEqual([1, 1]);
    stop.abort();
    await waiting;
    await pause(clock, 60_000, stop.signal);
    expect(limits.size).toBe(0);
    const going = new AbortController();
    await pause(clock, 1, going.signal);
    expect(getEventListeners(going.signal, 'abort')).toEqual([]);
  });
});

describe('records that wait for the runner', () => {
  it('are returned in order, at most the requested number', async () => {
    const buffer = new RecordBuffer<number>();
    const first = buffer.take(2);
    for (const item of [1, 2, 3, 4]) buffer.push(item);
    expect([await first, await buffer.take(1), await buffer.take(9)]).toEqual([[1, 2], [3], [4]]);
  });

  it('are dropped with the connection; only its first failure counts', async () => {
    const buffer = new RecordBuffer<number>();
    const waiting = buffer.take(1);
    buffer.fail(new Error('lost'));
    buffer.fail(new Error('again'));
    await expect(waiting).rejects.toThrow('lost');
    buffer.push(1);
    await expect(buffer.take(1)).rejects.toThrow('lost');
  });
});
