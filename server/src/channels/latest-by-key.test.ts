import type { Message } from '@sluice/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LoggedMessage } from '../engine/logged-message.ts';
import { LatestByKey } from './latest-by-key.ts';

const message = (offset: number, rest: Partial<Message> = {}) =>
  LoggedMessage.of({ id: `m${offset}`, offset, time: 0, data: null, ...rest });

const offsets = (messages: readonly { offset: number }[]) => messages.map(({ offset }) => offset);

describe('LatestByKey', () => {
  it('keeps one message where there is no key', () => {
    const latest = new LatestByKey(null);
    for (const offset of [1, 2, 3]) latest.keep(message(offset, { tags: { k: `${offset}` }, from: `${offset}` }));
    expect(offsets(latest.between(0, 3))).toEqual([3]);
    expect(latest.between(3, 3)).toEqual([]);
    expect(latest.between(0, 2)).toEqual([]);
  });

  it('keeps the newest of each publisher', () => {
    const latest = new LatestByKey({ kind: 'from' });
    for (const [at, from] of ['ada', 'ben', 'ada', 'cy'].entries()) latest.keep(message(at + 1, { from }));
    latest.keep(message(5));
    latest.keep(message(6));
    expect(offsets(latest.between(0, 6))).toEqual([2, 3, 4, 6]);
    expect(offsets(latest.between(2, 4))).toEqual([3, 4]);
  });

  it('takes a tag for a key only if the message has it', () => {
    const latest = new LatestByKey({ kind: 'tag', tag: 'constructor' });
    latest.keep(message(1, { tags: {} }));
    latest.keep(message(2));
    latest.keep(message(3, { tags: { constructor: '' } }));
    expect(offsets(latest.between(0, 3))).toEqual([2, 3]);
  });

  it('is what a filter over the whole stream would find', () => {
    const key = fc.option(fc.constantFrom('', 'a', 'b', 'c'), { nil: undefined });
    const property = fc.property(fc.array(key, { maxLength: 200 }), fc.nat(200), fc.nat(200), (keys, after, last) => {
      const latest = new LatestByKey({ kind: 'tag', tag: 'k' });
      const logged = keys.map((k, at) => message(at + 1, k === undefined ? {} : { tags: { k } }));
      for (const each of logged) latest.keep(each);
      const stream = logged.map((each) => each.message);
      const expected = stream.filter(
        ({ tags }, at) => stream.findLastIndex((other) => other.tags?.k === tags?.k) === at,
      );
      expect(latest.between(after, last).map(({ message }) => message)).toEqual(
        expected.filter(({ offset }) => offset > after && offset <= last),
      );
    });
    fc.assert(property);
  });

  it('gives no more than a slow reader can take: the newest of it', () => {
    const latest = new LatestByKey({ kind: 'tag', tag: 'k' });
    for (let n = 1; n <= 50; n++) latest.keep(message(n, { tags: { k: `${n}` }, data: 'x'.repeat(10_000) }));
    expect(offsets(latest.between(0, 50))).toEqual(Array.from({ length: 13 }, (_, n) => 38 + n));
  });

  it('gives the newest message however large it is', () => {
    const latest = new LatestByKey({ kind: 'tag', tag: 'k' });
    for (const k of ['a', 'b']) latest.keep(message(k === 'a' ? 1 : 2, { tags: { k }, data: 'x'.repeat(200_000) }));
    expect(offsets(latest.between(0, 2))).toEqual([2]);
  });

  it('holds a bounded number of messages and bytes, whatever the keys', () => {
    const latest = new LatestByKey({ kind: 'tag', tag: 'k' });
    let most = 0;
    for (let n = 1; n <= 5_000; n++) {
      latest.keep(message(n, { tags: { k: `${n}` } }));
      most = Math.max(most, latest.size);
    }
    expect(most).toBeLessThan(1_100);
    expect(offsets(latest.between(0, 5_000)).at(-1)).toBe(5_000);
    for (let n = 5_001; n <= 6_000; n++) latest.keep(message(n, { tags: { k: `${n}` }, data: 'x'.repeat(60_000) }));
    expect(latest.size).toBeLessThan(70);
  });
});
