import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyedModel } from '../../test/support/keyed-model.ts';
import { KeyedView } from './keyed-view.ts';

const LIMITS = { interval: 500, listUpTo: 5, maxBytes: 200 };
const few = (version: number, total = 1) => ({ version, total, bytes: total });
const change = (key: string, version: number) => ({ key, value: key, version });

const begun = (...changes: { key: string; value: string; version: number }[]) => {
  const view = new KeyedView<string>(LIMITS);
  for (const each of changes) view.note(each);
  view.begin(1_000);
  return view;
};

describe('an announcement', () => {
  it('is due at once for the first change, then once per interval', () => {
    const view = new KeyedView<string>(LIMITS);
    expect(view.due(0)).toBeUndefined();
    view.note(change('a', 1));
    expect(view.due(1_000)).toBe(0);
    expect(view.begin(1_000)).toBe(true);
    view.plan(few(1));
    view.finish(1_000);
    expect(view.due(1_001)).toBeUndefined();
    view.note(change('a', 2));
    expect(view.due(1_100)).toBe(400);
  });

  it('contains the latest change of each key, in the order of versions', () => {
    const view = begun(change('a', 1), change('b', 2), change('a', 3));
    expect(view.plan(few(3, 2))).toEqual({ kind: 'changes', changes: [change('b', 2), change('a', 3)] });
  });

  it('is the list if there are more changes than a list may have', () => {
    const view = begun(...Array.from({ length: 100 }, (_, at) => change(`k${at}`, at + 1)));
    expect(view.plan(few(100))).toEqual({ kind: 'list' });
  });

  it('is the list after a reset', () => {
    const view = new KeyedView<string>(LIMITS);
    view.note(change('a', 1));
    view.reset(0);
    view.begin(0);
    expect(view.plan(few(1))).toEqual({ kind: 'list' });
  });

  it('begins an interval after the end of the one during which it fell due', () => {
    const view = begun(change('a', 1));
    view.note(change('a', 2));
    expect(view.begin(1_500)).toBe(false);
    view.plan(few(1));
    view.finish(1_700);
    expect(view.due(1_700)).toBe(500);
  });

  it('is the list, at the given time, after a failure', () => {
    const view = begun(change('a', 1));
    view.fail(2_000);
    expect(view.due(1_000)).toBe(1_000);
    expect(view.begin(2_000)).toBe(true);
    expect(view.plan(few(1))).toEqual({ kind: 'list' });
  });

  it.each([
    ['too many values', few(1, 6)],
    ['too many bytes', { version: 1, total: 1, bytes: 201 }],
  ])('is a count with %s, once for each count', (_, summary) => {
    const view = begun(change('a', 1));
    expect(view.plan(summary)).toEqual({ kind: 'count' });
    view.finish(1_000);
    view.begin(1_500);
    expect(view.plan(summary)).toEqual({ kind: 'nothing' });
  });

  it('is a list again only well below the limit', () => {
    const view = begun(change('a', 1));
    const kinds = [6, 5, 4, 5].map((total, at) => view.plan(few(at, total)).kind);
    expect(kinds).toEqual(['count', 'count', 'list', 'changes']);
  });
});

describe('a subscriber that is behind', () => {
  it('is read for again if the answer is older than the latest announcement', () => {
    const view = begun(change('a', 5));
    view.plan(few(5));
    expect(view.admit(few(4), false)).toBe('again');
    expect(view.admit(few(5), false)).toBe('list');
  });

  it('waits for the next announcement if the log has crossed the limit', () => {
    const view = begun(change('a', 1));
    view.plan(few(1));
    expect(view.admit(few(2, 6), false)).toBe('wait');
  });

  it('that knows another count than the others makes the next count news', () => {
    const view = begun(change('a', 1));
    expect(view.plan(few(1, 7))).toEqual({ kind: 'count' });
    expect(view.admit(few(2, 8), false)).toBe('count');
    expect(view.plan(few(3, 7))).toEqual({ kind: 'count' });
  });
});

describe('a keyed view', () => {
  const key = fc.constantFrom(...'abcdefgh');
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('set' as const), key, size: fc.constantFrom(1, 2, 70) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('remove' as const), key }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const), key }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 100, 500, 1_000) }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('begin' as const) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('read' as const) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('answer' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('ask' as const), who: fc.nat(2) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('admit' as const), who: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('lag' as const), who: fc.nat(2) }) },
  );

  it('keeps every subscriber equal to the log, however late and out of order the source answers', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const world = new KeyedModel(LIMITS);
        for (const each of steps) {
          world.run(each);
          expect(world.faults).toEqual([]);
          expect(world.view.pending).toBeLessThanOrEqual(LIMITS.listUpTo * 2 + 10);
        }
        world.settle();
        expect(world.faults).toEqual([]);
        expect(world.differences()).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
