import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../refusal.ts';
import { localPage, MOST_SEEN, mergePages, readCursor } from './pages.ts';

interface Entry {
  readonly key: string;
  readonly count: number;
}

const keyOf = ({ key }: Entry): string => key;
const sum = (entries: readonly Entry[]): Entry => ({
  key: entries[0]?.key ?? '',
  count: entries.reduce((total, { count }) => total + count, 0),
});

/** Reads all pages of a list over these nodes. */
function readAll(nodes: readonly (readonly Entry[])[], limit: number): Entry[][] {
  const pages: Entry[][] = [];
  let cursor: string | undefined;
  do {
    const after = readCursor(cursor);
    if (after instanceof Refusal) throw new Error(after.body.message);
    const local = nodes.map((entries) => localPage(entries, { after, limit, keyOf, show: (entry) => entry }));
    const { entries, next } = mergePages(local, limit, { keyOf, merge: sum });
    pages.push([...entries]);
    cursor = next;
    if (pages.length > 1_000) throw new Error('the list has no end');
  } while (cursor !== undefined);
  return pages;
}

describe('a list over several nodes', () => {
  const node = fc
    .uniqueArray(fc.constantFrom(...'abcdefghijkl', 'ä', 'Z', 'aa'), { maxLength: 12 })
    .map((keys) => keys.sort((a, b) => (a < b ? -1 : 1)).map((key) => ({ key, count: 1 })));

  it('has each entry once, in order, in pages of the limit', () => {
    fc.assert(
      fc.property(fc.array(node, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 5 }), (nodes, limit) => {
        const pages = readAll(nodes, limit);
        const counts = new Map<string, number>();
        for (const { key } of nodes.flat()) counts.set(key, (counts.get(key) ?? 0) + 1);
        const all = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, count]) => ({ key, count }));
        expect(pages.flat()).toEqual(all);
        for (const page of pages) expect(page.length).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it('looks at a limited number of entries for each page', () => {
    const entries = Array.from({ length: 2 * MOST_SEEN }, (_, at) => ({ key: String(at).padStart(6, '0'), count: 1 }));
    let seen = 0;
    const show = () => {
      seen++;
      return null;
    };
    const page = localPage(entries, { after: '', limit: 10, keyOf, show });
    expect([seen, page]).toEqual([MOST_SEEN, { entries: [], upTo: String(MOST_SEEN - 1).padStart(6, '0') }]);
  });

  it('ends where the first node has stopped searching', () => {
    const one = (key: string): Entry => ({ key, count: 1 });
    const local = [
      { entries: [one('a')], upTo: 'b' },
      { entries: [one('b'), one('c')], upTo: null },
    ];
    const { entries, next } = mergePages(local, 10, { keyOf, merge: sum });
    expect([entries.map(keyOf), readCursor(next)]).toEqual([['a', 'b'], 'b']);
  });

  it('ends with the last entry that may match', () => {
    const entries = ['a', 'b', 'c'].map((key) => ({ key, count: 1 }));
    const page = localPage(entries, {
      ...{ after: '', limit: 10, keyOf, show: keyOf },
      isPast: ({ key }) => key === 'b',
    });
    expect(page).toEqual({ entries: ['a'], upTo: null });
  });
});

describe('a cursor', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64url');

  it.each([
    ['the one of a page', base64('["chat:a"]'), 'chat:a'],
    ['absent', undefined, ''],
    ['empty', '', null],
    ['not JSON', base64('chat:a'), null],
    ['a number', base64('[1]'), null],
    ['two keys', base64('["a","b"]'), null],
    ['with a space', base64('["a" ]'), null],
  ])('that is %s', (_, cursor, key) => {
    const read = readCursor(cursor);
    expect(read instanceof Refusal ? null : read).toBe(key);
  });
});
