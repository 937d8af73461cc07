import { describe, expect, it } from 'vitest';
import { RecentTokens } from './recent-tokens.ts';

const signed = (sub: string, isCurrent = () => true) => ({ claims: { sub }, isCurrent });
const userOf = (recent: RecentTokens, token: string) => recent.find(token)?.claims.sub;

describe('remembered tokens', () => {
  it('are found by the whole token', () => {
    const recent = new RecentTokens(10);
    recent.add('a.b.c', signed('ada'));
    expect([userOf(recent, 'a.b.c'), userOf(recent, 'a.b.d'), userOf(recent, 'a.b.c ')]).toEqual([
      'ada',
      undefined,
      undefined,
    ]);
  });

  it('are limited in number: the least recently used ones are dropped', () => {
    const recent = new RecentTokens(2);
    recent.add('1', signed('one'));
    recent.add('2', signed('two'));
    recent.find('1');
    recent.add('3', signed('three'));
    expect(['1', '2', '3'].map((token) => userOf(recent, token))).toEqual(['one', undefined, 'three']);
    recent.add('3', signed('three'));
    expect(recent.size).toBe(2);
  });

  it('are dropped in the order of their last use, however many have been dropped', () => {
    const recent = new RecentTokens(100);
    for (let n = 0; n < 10_000; n++) {
      recent.add(String(n), signed('ada'));
      recent.find('0');
    }
    const kept = Array.from({ length: 10_000 }, (_, n) => n).filter((n) => recent.find(String(n)) !== undefined);
    expect(kept).toEqual([0, ...Array.from({ length: 99 }, (_, at) => 9_901 + at)]);
  });

  it('take at most 16 MiB', () => {
    const recent = new RecentTokens(1_000_000);
    for (let n = 0; n < 20; n++) recent.add(String(n).padEnd(1_048_576, 'x'), signed('ada'));
    expect(recent.size).toBe(16);
  });

  it('are dropped when their key is no longer used, and on request', () => {
    let isCurrent = true;
    const recent = new RecentTokens(10);
    recent.add(
      '1',
      signed('one', () => isCurrent),
    );
    recent.add('2', signed('two'));
    isCurrent = false;
    recent.forget('2');
    recent.forget('never seen');
    expect([userOf(recent, '1'), userOf(recent, '2'), recent.size]).toEqual([undefined, undefined, 0]);
  });

  it('are not stored if the cache is turned off', () => {
    const recent = new RecentTokens(0);
    recent.add('1', signed('one'));
    expect(recent.size).toBe(0);
  });
});
