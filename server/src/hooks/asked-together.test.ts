import { describe, expect, it } from 'vitest';
import { Turn } from '../util/turn.ts';
import { AskedTogether } from './asked-together.ts';

function start() {
  const sizes: number[] = [];
  const together = new AskedTogether<number>(new Turn(() => {}), (items) => void sizes.push(items.length));
  return { together, sizes };
}

describe('the questions of one asker', () => {
  it('are calls of at most 1,000', () => {
    const { together, sizes } = start();
    const asker = {};
    for (let at = 0; at < 2_001; at++) together.add(asker, 'lane', at);
    together.flush();
    expect(sizes).toEqual([1_000, 1_000, 1]);
  });

  it('wait until its frame is read', () => {
    const { together, sizes } = start();
    const asker = { hasMore: true };
    together.add(asker, 'lane', 1);
    together.flush();
    together.add(asker, 'lane', 2);
    asker.hasMore = false;
    together.flush();
    together.flush();
    expect(sizes).toEqual([2]);
  });
});
