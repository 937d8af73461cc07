import { describe, expect, it } from 'vitest';
import { Ids } from './ids.ts';

const made = (count: number) => {
  const ids = new Ids();
  return { ids, all: Array.from({ length: count }, ids.next) };
};

describe('ids', () => {
  it('are unique and valid, also those of different runs', () => {
    const all = [...made(100).all, ...made(100).all];
    expect(new Set(all).size).toBe(200);
    for (const id of all) expect(id).toMatch(/^[\w-]{10}-[0-9a-z]+$/);
  });

  it('are numbered from 1', () => {
    const { ids, all } = made(40);
    expect(all.map((id) => ids.numberOf(id))).toEqual(all.map((_, at) => at + 1));
    expect(ids.latest).toBe(40);
  });

  it.each<[string, (own: string) => string]>([
    ['of another run', () => new Ids().next()],
    ['not made yet', (own) => own.replace(/.$/, '3')],
    ['zero', (own) => own.replace(/.$/, '0')],
    ['with a leading zero', (own) => own.replace(/.$/, '01')],
    ['with more behind it', (own) => `${own}!`],
    ['without a number', (own) => own.replace(/.$/, '')],
    ['empty', () => ''],
  ])('have no number: %s', (_, idFrom) => {
    const { ids, all } = made(2);
    expect(ids.numberOf(idFrom(all[0] ?? ''))).toBeUndefined();
  });
});
