import { type Conditions, canonical, type Message, matches } from '@sluice/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filters, messages } from '../../../../protocol/test/filters.ts';
import { FilterIndex } from './filter-index.ts';

interface Entry {
  readonly conditions: Conditions;
}

const entries = fc.array(
  filters.map((filter): Entry => ({ conditions: canonical(filter) })),
  { maxLength: 12 },
);

function found(index: FilterIndex<Entry>, message: Message): Entry[] {
  const list: Entry[] = [];
  index.find(message, 'x:1', (entry) => list.push(entry));
  return list;
}

describe('the index of filters', () => {
  it('finds each filter that a message matches once, like a comparison with all of them', () => {
    fc.assert(
      fc.property(entries, fc.nat(12), messages, (all, removed, message) => {
        const index = new FilterIndex<Entry>();
        for (const entry of all) index.add(entry);
        const [gone] = all.splice(removed, 1);
        if (gone !== undefined) index.delete(gone);
        const expected = all.filter(({ conditions }) => matches(conditions, message, 'x:1'));
        const list = found(index, message);
        expect(list).toHaveLength(expected.length);
        expect(new Set(list)).toEqual(new Set(expected));
      }),
      { numRuns: 500 },
    );
  });

  it('compares a message only with filters of its values', () => {
    const index = new FilterIndex<Entry>();
    let compared = 0;
    for (let n = 0; n < 10_000; n++) {
      const conditions = canonical({ tags: { symbol: `S${n}`, price: { gt: n } } });
      index.add({
        get conditions() {
          compared++;
          return conditions;
        },
      });
    }
    compared = 0;
    const tags = { symbol: 'S42', price: '50' };
    expect(found(index, { id: 'm', offset: 1, time: 0, data: null, tags })).toHaveLength(1);
    expect(compared).toBe(1);
    expect(index.unplaced).toBe(0);
  });

  it('forgets everything about filters that are removed', () => {
    const index = new FilterIndex<Entry>();
    const all = [{ tags: { a: ['1', '2'] } }, { tags: { a: { gt: 1 } } }, { channel: 'x:*' }, { event: 'e' }].map(
      (filter) => ({ conditions: canonical(filter) }),
    );
    for (const entry of all) index.add(entry);
    expect(index.unplaced).toBe(1);
    for (const entry of all) index.delete(entry);
    expect(index.unplaced).toBe(0);
    expect(found(index, { id: 'm', offset: 1, time: 0, data: null, event: 'e', tags: { a: '2' } })).toEqual([]);
  });
});
