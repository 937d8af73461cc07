import { describe, expect, it } from 'vitest';
import { HOOK_KINDS, type HookKind } from '../hook.ts';
import { readAnswer } from './hook-answer.ts';

const DAY = 86_400_000;
/** A JSON string of this many bytes. */
const json = (bytes: number): string => 'x'.repeat(bytes - 2);

/** Valid values of the fields that only some hooks may return. */
const FIELDS = {
  ...{ data: 1, tags: { a: 'b' }, info: { name: 'Ada' }, meta: 1 },
  filter: { tags: { a: ['b'] } },
};
const MAY_RETURN: { readonly [Kind in HookKind]: readonly string[] } = {
  connect: ['info', 'meta'],
  subscribe: ['filter'],
  publish: ['data', 'tags'],
  enter: ['info'],
  request: ['data'],
  recheck: ['filter'],
};

describe('the answer of a hook', () => {
  it.each(HOOK_KINDS)('to "%s" may have the fields of that operation, and no other', (kind) => {
    const accepted = Object.entries(FIELDS).filter(([name, value]) => {
      try {
        return name in readAnswer(kind, { allow: true, [name]: value });
      } catch (error) {
        expect(String(error)).toContain(`an answer to "${kind}" has no field "${name}"`);
        return false;
      }
    });
    expect(accepted.map(([name]) => name).toSorted()).toEqual([...MAY_RETURN[kind]].toSorted());
  });

  it.each<[HookKind, object, RegExp | null]>([
    ['connect', { info: json(1_024) }, null],
    ['connect', { info: json(1_025) }, /"info" of an answer to "connect": has more than 1024 bytes/],
    ['connect', { meta: json(1_025) }, /"meta".*has more than 1024 bytes/],
    ['enter', { info: 'é'.repeat(512) }, /has more than 1024 bytes/],
    ['subscribe', { ttl: DAY }, null],
    ['subscribe', { ttl: DAY + 1 }, /"ttl".*a whole number up to a day/],
    ['subscribe', { ttl: 0.5 }, /"ttl".*a whole number/],
    ['subscribe', { message: 5 }, /"message".*must be a string/],
  ])('to "%s" is checked: %#', (kind, fields, problem) => {
    const read = () => readAnswer(kind, { allow: true, ...fields });
    if (problem === null) expect(read()).toEqual({ allow: true, ...fields });
    else expect(read).toThrow(problem);
  });

  it('has at most 500 characters of text', () => {
    const { message } = readAnswer('publish', { allow: false, message: 'x'.repeat(501) });
    expect(message).toHaveLength(500);
  });
});
