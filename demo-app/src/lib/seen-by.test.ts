import type { Entry } from '@sluice/client/svelte';
import { expect, it } from 'vitest';
import { furthest, seenBy } from './seen-by.ts';

function message(offset: number, { from = 'ada', epoch = 'e' } = {}): Entry {
  const base = { channel: 'chat:lobby', time: 0, data: '', id: `${epoch}${offset}` };
  return { kind: 'message', key: `${epoch}${offset}`, message: { ...base, epoch, offset, from } };
}

const entries = [message(7, { epoch: 'old' }), message(1), message(2), message(3, { from: 'bob' }), message(6)];
const at = (offset: number, epoch = 'e') => ({ epoch, offset });

it.each([
  ['at the last message that the user has read', 'cleo', at(2), 'e2'],
  ['before a hole', 'cleo', at(5), 'e3'],
  ['at the end if the position is after it', 'cleo', at(9), 'e6'],
  ['in the epoch of the position', 'cleo', at(9, 'old'), 'old7'],
  ['nowhere if the user wrote that message', 'bob', at(3), undefined],
  ['nowhere in an unknown epoch', 'cleo', at(3, 'unknown'), undefined],
])('puts the mark %s', (_, person, position, key) => {
  const marks = seenBy({ entries, people: [person], readTo: new Map([[person, position]]) });
  expect([...marks]).toEqual(key === undefined ? [] : [[key, [person]]]);
});

it('groups people with the same position, and ignores other people', () => {
  const readTo = new Map(['cleo', 'dan', 'eve'].map((person) => [person, at(2)]));
  expect([...seenBy({ entries, readTo, people: ['cleo', 'eve', 'fay'] })]).toEqual([['e2', ['cleo', 'eve']]]);
});

it('never moves a mark back within an epoch', () => {
  expect(furthest(at(5), at(3))).toEqual(at(5));
  expect(furthest(at(5), at(6))).toEqual(at(6));
  expect(furthest(at(5), at(1, 'f'))).toEqual(at(1, 'f'));
  expect(furthest(undefined, at(1))).toEqual(at(1));
});
