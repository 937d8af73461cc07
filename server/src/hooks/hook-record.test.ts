import { describe, expect, it } from 'vitest';
import type { HookConfig } from '../hook.ts';
import { CallFailed, type CallFailure } from '../outgoing/call-failed.ts';
import { HookRecord } from './hook-record.ts';

const config: HookConfig = {
  ...{ name: 'app', on: ['publish'], channels: [], timeout: 1_000, onFailure: 'deny', ttl: 0 },
  target: { kind: 'functions', functions: {} },
};
const statusOf = (record: HookRecord) => record.status(config, false);
const failure = (kind: CallFailure, status?: number) =>
  new CallFailed(kind, `it is ${kind}`, status === undefined ? {} : { status });

describe('the record of a hook', () => {
  it.each<[CallFailure | 'answered', object]>([
    ['answered', { calls: 1, failed: 0, timedOut: 0, notSent: 0 }],
    ['status', { calls: 1, failed: 1, timedOut: 0, notSent: 0 }],
    ['timeout', { calls: 1, failed: 1, timedOut: 1, notSent: 0 }],
    ['open', { calls: 1, failed: 1, timedOut: 0, notSent: 1 }],
    ['overloaded', { calls: 1, failed: 1, timedOut: 0, notSent: 1 }],
  ])('counts a call that ends with "%s"', (outcome, counts) => {
    const record = new HookRecord();
    const failed = outcome === 'answered' ? undefined : failure(outcome);
    record.ended({ operation: 'publish', failed, duration: 3, time: 7 });
    const isSent = outcome !== 'open' && outcome !== 'overloaded';
    expect(statusOf(record)).toMatchObject({
      operations: { publish: counts },
      failures: Number(failed !== undefined && isSent),
      duration: isSent ? { calls: 1, mean: 3, longest: 3 } : { calls: 0, mean: 0, longest: 0 },
    });
  });

  it('keeps the cause of a failure while the hook is not asked', () => {
    const record = new HookRecord();
    record.ended({ operation: 'connect', failed: failure('status', 503), duration: 3, time: 7 });
    record.ended({ operation: 'publish', failed: failure('open'), duration: 0, time: 8 });
    expect(statusOf(record).lastError).toEqual({
      ...{ operation: 'connect', failure: 'status', status: 503, message: 'it is status', time: 7 },
    });
  });

  it('counts failures in a row, and remembers the last answer', () => {
    const record = new HookRecord();
    const failed = failure('timeout');
    for (const time of [1, 2]) record.ended({ operation: 'publish', failed, duration: 1, time });
    expect(statusOf(record)).toMatchObject({ failures: 2 });
    expect(statusOf(record)).not.toHaveProperty('lastAnswered');
    record.ended({ operation: 'publish', failed: undefined, duration: 1, time: 3 });
    expect(statusOf(record)).toMatchObject({ failures: 0, lastAnswered: 3, lastError: { time: 2 } });
  });

  it('measures the latest 100 calls', () => {
    const record = new HookRecord();
    const call = (duration: number) => record.ended({ operation: 'publish', failed: undefined, duration, time: 1 });
    call(9_000);
    for (let count = 0; count < 99; count++) call(10);
    expect(statusOf(record).duration).toEqual({ calls: 100, mean: 100, longest: 9_000 });
    call(20.4);
    expect(statusOf(record).duration).toEqual({ calls: 100, mean: 10, longest: 20 });
  });
});
