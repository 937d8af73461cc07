import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecentEntries } from './recent-entries.ts';

describe('recent entries', () => {
  it('are the last ones that were added, oldest first', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.array(fc.integer(), { maxLength: 60 }), (capacity, all) => {
        const recent = new RecentEntries<number>(capacity);
        for (const entry of all) recent.add(entry);
        expect([...recent]).toEqual(capacity === 0 ? [] : all.slice(-capacity));
        expect(recent.size).toBe(Math.min(capacity, all.length));
      }),
    );
  });
});
