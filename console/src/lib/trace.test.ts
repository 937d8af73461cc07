import { describe, expect, it } from 'vitest';
import type { ReportedDecision, TapEntry } from '../state/types.ts';
import { describeEntry } from './entry-words.ts';
import { traceOf } from './trace.ts';

const of = { node: 'one', connection: 'c1' };
const start = { epoch: 'e', offset: 4 };

describe('the trace of a user', () => {
  it('shows once what a tap and the nodes remember, newest first', () => {
    const entries: TapEntry[] = [
      { ...of, type: 'delivered', time: 30, channel: 'chat:a', after: 4, offset: 5 },
      { ...of, type: 'subscribed', time: 21, channel: 'chat:a', start },
    ];
    const decisions = [
      { ...of, kind: 'subscribed', time: 20, user: 'ada', channel: 'chat:a', log: 'chat:a', start },
      { ...of, kind: 'authenticated', time: 10, user: 'ada' },
    ] as ReportedDecision[];
    expect(traceOf(entries, decisions).map(({ time, kind }) => [time, kind])).toEqual([
      [30, 'delivered'],
      [21, 'subscribed'],
      [10, 'connected'],
    ]);
  });

  it('keeps a decision like one that was seen, but later', () => {
    const entries: TapEntry[] = [{ ...of, type: 'gap', time: 20, channel: 'a', from: start, to: start, reason: 'x' }];
    const gap = { ...of, kind: 'gap', user: 'ada', log: 'a', from: start, to: start, reason: 'slow_reader' };
    const decisions = [{ ...gap, time: 400 }] as unknown as ReportedDecision[];
    expect(traceOf(entries, decisions)).toHaveLength(2);
  });

  it('says what can be explained: a command that was denied', () => {
    const refused = { ...of, type: 'refused', time: 1, channel: 'a', command: 'publish', detail: '' } as const;
    expect(traceOf([{ ...refused, error: 'permission_denied' }], [])[0]?.denied).toEqual({
      channel: 'a',
      verb: 'publish',
    });
    expect(traceOf([{ ...refused, error: 'rate_limited' }], [])[0]?.denied).toBeUndefined();
  });

  it.each<[Partial<TapEntry> & Pick<TapEntry, 'type'>, string]>([
    [{ type: 'connected', address: '::1', client: 'js/1' }, 'connected from ::1 with js/1'],
    [{ type: 'closed', code: 4212, reason: 'bye', duration: 2_000 }, 'closed with 4212: bye, after 2 s'],
    [{ type: 'command', command: 'subscribe', channel: 'a', id: 3 }, '→ subscribe a (command 3)'],
    [{ type: 'command', command: 'ping' }, '→ ping'],
    [{ type: 'refused', command: 'publish', channel: 'a', detail: 'no' }, 'refused publish on a: no'],
    [{ type: 'delivered', channel: 'a', after: 4, offset: 5 }, '← a offset 5'],
    [
      { type: 'replayed', channel: 'a', after: 4, offset: 9, messages: 5 },
      '← a offsets 5 to 9, from the log (5 messages)',
    ],
    [{ type: 'overflowed', cursors: 1 }, 'the buffer is full: 1 subscription to be replayed from the log'],
    [
      { type: 'gap', channel: 'a', from: start, to: { epoch: 'e', offset: 9 }, reason: 'slow_reader' },
      'gap in a: 5 to 9 (slow_reader)',
    ],
    [
      { type: 'gap', channel: 'a', from: start, to: { epoch: 'f', offset: 9 }, reason: 'epoch_changed' },
      'gap in a: 1 to 9 (epoch_changed)',
    ],
    [
      { type: 'state', subscriptions: 2, behind: 1, buffered: 2_048, slow: true },
      '2 subscriptions, 1 behind, 2.0 KiB unread, reads too slowly',
    ],
  ])('says what %j means', (entry, text) => {
    expect(describeEntry({ ...of, time: 1, ...entry })).toBe(text);
  });
});
