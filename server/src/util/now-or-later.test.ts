import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allOf, chain, type NowOrLater, recover } from './now-or-later.ts';

const broken = new Error('broken');
const double = (value: number): number => value * 2;

describe('chain', () => {
  it('continues at once with a value that is known', () => {
    expect(chain(21, double)).toBe(42);
  });

  it('continues when the promise settles', async () => {
    const outcome = chain(Promise.resolve(21), double);
    expect(outcome).toBeInstanceOf(Promise);
    expect(await outcome).toBe(42);
  });

  it('passes a rejection on', async () => {
    await expect(chain(Promise.reject<number>(broken), double)).rejects.toBe(broken);
  });

  it('asks "failed" about a rejection', async () => {
    expect(await chain(Promise.reject<number>(broken), double, (error) => (error === broken ? -1 : 0))).toBe(-1);
  });

  it.each([
    ['known', 21],
    ['promised', Promise.resolve(21)],
  ])('does not ask "failed" about an error of the continuation of a %s value', async (_, value: NowOrLater<number>) => {
    const next = (): number => {
      throw broken;
    };
    const failed = (): number => -1;
    await expect((async () => await chain(value, next, failed))()).rejects.toBe(broken);
  });

  it('computes the same from any mix of known and promised values, and makes a promise only for a promised one', async () => {
    const steps = fc.array(fc.record({ add: fc.integer(), later: fc.boolean() }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        let value: NowOrLater<number> = 0;
        for (const { add, later } of list) {
          value = chain(value, (sum) => (later ? Promise.resolve(sum + add) : sum + add));
        }
        expect(value instanceof Promise).toBe(list.some(({ later }) => later));
        expect(await value).toBe(list.reduce((sum, { add }) => sum + add, 0));
      }),
    );
  });
});

describe('allOf', () => {
  it('returns known values at once', () => {
    expect(allOf([1, 2])).toEqual([1, 2]);
  });

  it('waits for values that promises bring, and keeps the order', async () => {
    expect(await allOf([Promise.resolve(1), 2, Promise.resolve(3)])).toEqual([1, 2, 3]);
  });
});

describe('recover', () => {
  const refuse = (): string => 'refused';

  it('returns a known value at once', () => {
    expect(recover(() => 'stored', refuse)).toBe('stored');
  });

  it('returns the value of a promise', async () => {
    expect(await recover(() => Promise.resolve('stored'), refuse)).toBe('stored');
  });

  it('turns an error that is thrown at once into a value, at once', () => {
    const ask = (): string => {
      throw broken;
    };
    expect(recover(ask, refuse)).toBe('refused');
  });

  it('turns a rejection into a value', async () => {
    expect(await recover(() => Promise.reject<string>(broken), refuse)).toBe('refused');
  });

  it('passes on what "failed" throws', async () => {
    const rethrow = (error: unknown): never => {
      throw error;
    };
    await expect(recover(() => Promise.reject<string>(broken), rethrow)).rejects.toBe(broken);
  });
});
