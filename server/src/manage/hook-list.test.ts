import { describe, expect, it } from 'vitest';
import type { HookStatus } from '../hooks/hook-record.ts';
import { Refusal } from '../refusal.ts';
import { HookList, mergeHook } from './hook-list.ts';

const status = (fields: Partial<HookStatus> = {}): HookStatus => ({
  ...{ name: 'app', on: ['publish'], channels: ['**'], onFailure: 'deny', isPaused: false, failures: 0 },
  ...{ operations: {}, cache: { hits: 0, fallbacks: 0 }, duration: { calls: 0, mean: 0, longest: 0 } },
  ...fields,
});
const on = (node: string, fields: Partial<HookStatus> = {}) => ({ ...status(fields), node });
const counts = (calls: number, failed = 0) => ({ calls, failed, timedOut: 0, notSent: 0 });
const error = (time: number) => ({ operation: 'publish', failure: 'timeout', message: 'late', time }) as const;

describe('a hook over all nodes', () => {
  it.each([
    ['ok if all nodes are', [on('a'), on('b')], { state: 'ok' }],
    ['failing if it fails on one node', [on('a'), on('b', { failures: 2 })], { state: 'failing' }],
    [
      'paused if it is paused on one node',
      [on('a', { failures: 2 }), on('b', { isPaused: true, failures: 5 })],
      {
        state: 'paused',
        nodes: [
          { node: 'a', state: 'failing', failures: 2 },
          { node: 'b', state: 'paused', failures: 5 },
        ],
      },
    ],
    [
      'with the sums of its calls',
      [
        on('a', { operations: { publish: counts(3, 1), connect: counts(1) } }),
        on('b', { operations: { publish: counts(2) } }),
      ],
      { calls: 6, failed: 1, operations: { publish: counts(5, 1), connect: counts(1) } },
    ],
    [
      'with the sums of its remembered answers',
      [on('a', { cache: { hits: 1, fallbacks: 2 } }), on('b', { cache: { hits: 3, fallbacks: 4 } })],
      { cache: { hits: 4, fallbacks: 6 } },
    ],
    [
      'with the mean of all latest calls',
      [
        on('a', { duration: { calls: 1, mean: 40, longest: 40 } }),
        on('b', { duration: { calls: 3, mean: 20, longest: 30 } }),
      ],
      { duration: { calls: 4, mean: 25, longest: 40 } },
    ],
    [
      'with the latest answer and the latest error',
      [on('a', { lastAnswered: 5, lastError: error(3) }), on('b', { lastAnswered: 2, lastError: error(4) })],
      { lastAnswered: 5, lastError: { time: 4, node: 'b' } },
    ],
  ])('is %s', (_, local, merged) => {
    expect(mergeHook(local)).toMatchObject(merged);
    expect(mergeHook(local.toReversed())).toMatchObject(merged);
  });

  it('is listed by name, with the nodes that did not answer', async () => {
    const list = new HookList({
      hooks: { status: [] },
      cluster: {
        answer: () => {},
        ask: async <T extends object>() => ({
          answers: [{ node: 'a', answer: { hooks: [status({ name: 'b' }), status({ name: 'a' })] } as unknown as T }],
          missing: ['c'],
        }),
      },
    });
    expect(await list.report()).toMatchObject({ hooks: [{ name: 'a' }, { name: 'b' }], missing: ['c'] });
    expect(await list.find('b')).toMatchObject({ name: 'b', missing: ['c'] });
    expect(await list.find('c')).toBeInstanceOf(Refusal);
  });
});
