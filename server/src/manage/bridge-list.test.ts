import { describe, expect, it } from 'vitest';
import type { BridgeStatus } from '../bridges/bridge-status.ts';
import { BridgeList, mergeBridge } from './bridge-list.ts';

const status = (fields: Partial<BridgeStatus> = {}): BridgeStatus => ({
  ...{ name: 'orders', system: 'kafka', direction: 'in', channel: 'orders:{key}', state: 'standby' },
  ...{ error: null, errorTime: null, counts: {}, lag: null },
  ...fields,
});
const on = (node: string, fields: Partial<BridgeStatus> = {}) => ({ ...status(fields), node });

describe('a bridge over all nodes', () => {
  it.each([
    ['the node that runs it', [on('a'), on('b', { state: 'running' })], { state: 'running', node: 'b' }],
    ['no node if all stand by', [on('a'), on('b')], { state: 'standby', node: null }],
    ['a failure before a standby', [on('a'), on('b', { state: 'failed' })], { state: 'failed', node: 'b' }],
    [
      'a node that runs it before one that has failed',
      [on('a', { state: 'failed' }), on('b', { state: 'running' })],
      { state: 'running', node: 'b' },
    ],
    ['the lag of the node that knows it', [on('a'), on('b', { state: 'running', lag: 7 })], { lag: 7 }],
    [
      'the latest error of all nodes',
      [on('a', { state: 'running', error: 'old', errorTime: 1 }), on('b', { error: 'new', errorTime: 2 })],
      { state: 'running', node: 'a', error: 'new', errorTime: 2 },
    ],
    [
      'the sums of its messages',
      [on('a', { state: 'running', counts: { sent: 2, gap: 1 } }), on('b', { counts: { sent: 3 } })],
      { counts: { sent: 5, gap: 1 } },
    ],
  ])('reports %s', (_, local, merged) => {
    expect(mergeBridge(local)).toMatchObject(merged);
    expect(mergeBridge(local.toReversed())).toMatchObject(merged);
  });

  it('is listed by name, with the nodes that did not answer', async () => {
    const list = new BridgeList({
      bridges: { status: async () => [status({ name: 'b' }), status({ name: 'a' })] },
      cluster: {
        answer: () => {},
        ask: async () => ({
          answers: [
            { node: 'one', answer: { bridges: [status({ name: 'b' }), status({ name: 'a' })] } as never },
            { node: 'two', answer: { bridges: [status({ name: 'b', state: 'running' })] } as never },
          ],
          missing: ['three'],
        }),
      },
    });
    const { bridges, missing } = await list.report();
    expect(bridges.map(({ name, node }) => [name, node])).toEqual([
      ['a', null],
      ['b', 'two'],
    ]);
    expect(missing).toEqual(['three']);
  });
});
