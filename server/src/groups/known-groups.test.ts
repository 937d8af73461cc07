import { describe, expect, it } from 'vitest';
import { KnownGroups } from './known-groups.ts';

const ref = (n: number) => ({ channel: `jobs:${n}`, group: 'queue' });

describe('the groups that a node remembers', () => {
  it('are those that were used last', () => {
    const known = new KnownGroups(() => false, 3);
    for (const n of [1, 2, 3, 1, 4]) known.note(ref(n));
    expect(known.all).toEqual([ref(3), ref(1), ref(4)]);
  });

  it('have all that somebody consumes', () => {
    const known = new KnownGroups(({ channel }) => channel === 'jobs:1', 3);
    for (const n of [1, 2, 3, 4, 5]) known.note(ref(n));
    expect(known.all).toEqual([ref(1), ref(4), ref(5)]);
  });

  it('are more than the limit only if all are consumed', () => {
    const known = new KnownGroups(() => true, 3);
    for (const n of [1, 2, 3, 4]) known.note(ref(n));
    expect(known.all).toHaveLength(4);
  });
});
