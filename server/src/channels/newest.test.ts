import type { Message } from '@sluice/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LoggedMessage } from '../engine/logged-message.ts';
import { Newest } from './newest.ts';

const message = (offset: number, rest: Partial<Message> = {}) =>
  LoggedMessage.of({ id: `m${offset}`, offset, time: 0, data: null, ...rest });

const offsets = (messages: readonly { offset: number }[]) => messages.map(({ offset }) => offset);

describe('Newest', () => {
  it('keeps one message where there is no key', () => {
    const newest = new Newest(null);
    for (const offset of [1, 2, 3]) newest.keep(message(offset, { tags: { k: `${offset}` }, from: `${offset}` }));
    expect(offsets(newest.between(0, 3))).toEqual([3]);
    expect(newest.between(3, 3)).toEqual([]);
    expect(newest.between(0, 2)).toEqual([]);
  });

  it('keeps the newest of each publisher', () => {
    const newest = new Newest({ kind: 'from' });
    for (const [at, from] of ['ada', 'ben', 'ada', 'cy'].entries()) newest.keep(message(at + 1, { from }));
    newest.keep(message(5));
    newest.keep(message(6));
    expect(offsets(newest.between(0, 6))).toEqual([2, 3, 4, 6]);
    expect(offsets(newest.between(2, 4))).toEqual([3, 4]);
  });

  it('takes a tag for a key only if the message has it', () => {
    const newest = new Newest({ kind: 'tag', tag: 'constructor' });
    newest.keep(message(1, { tags: {} }));
    newest.keep(message(2));
    newest.keep(message(3, { tags: { constructor: '' } }));
    expect(offsets(newest.between(0, 3))).toEqual([2, 3]);
  });

  it('is what a filter over the whole stream would find', () => {
    const key = fc.option(fc.constantFrom('', 'a', 'b', 'c'), { nil: undefined });
    const property = fc.property(fc.array(key, { maxLength: 200 }), fc.nat(200), fc.nat(200), (keys, after, last) => {
      const newest = new Newest({ kind: 'tag', tag: 'k' });
      const logged = keys.map((k, at) => message(at + 1, k === undefined ? {} : { tags: { k } }));
      for (const each of logged) newest.keep(each);
      const stream = logged.map((each) => each.message);
      const latest = stream.filter(({ tags }, at) => stream.findLastIndex((other) => other.tags?.k === tags?.k) === at);
      expect(newest.between(after, last).map(({ message }) => message)).toEqual(
        latest.filter(({ offset }) => offset > after && offset <= last),
      );
    });
    fc.assert(property);
  });

  it('gives no more than a slow reader can take: the newest of it', () => {
    const newest = new Newest({ kind: 'tag', tag: 'k' });
    for (let n = 1; n <= 50; n++) newest.keep(message(n, { tags: { k: `${n}` }, data: 'x'.repeat(10_000) }));
    expect(offsets(newest.between(0, 50))).toEqual(Array.from({ length: 13 }, (_, n) => 38 + n));
  });

  it('gives the newest message however large it is', () => {
    const newest = new Newest({ kind: 'tag', tag: 'k' });
    for (const k of ['a', 'b']) newest.keep(message(k === 'a' ? 1 : 2, { tags: { k }, data: 'x'.repeat(200_000) }));
    expect(offsets(newest.between(0, 2))).toEqual([2]);
  });

  it('holds a bounded number of messages and bytes, whatever the keys', () => {
    const newest = new Newest({ kind: 'tag', tag: 'k' });
    let most = 0;
    for (let n = 1; n <= 5_000; n++) {
      newest.keep(message(n, { tags: { k: `${n}` } }));
      most = Math.max(most, newest.size);
    }
    expect(most).toBeLessThan(1_100);
    expect(offsets(newest.between(0, 5_000)).at(-1)).toBe(5_000);
    for (let n = 5_001; n <= 6_000; n++) newest.keep(message(n, { tags: { k: `${n}` }, data: 'x'.repeat(60_000) }));
    expect(newest.size).toBeLessThan(70);
  });
});
