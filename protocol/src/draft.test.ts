import { describe, expect, it } from 'vitest';
import { checkDraft, toDraft } from './draft.ts';

const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`t${at}`, 'x']));

describe('a draft', () => {
  it.each<[string, Record<string, unknown>]>([
    ['with data alone', { data: 1 }],
    ['of null', { data: null }],
    ['with everything', { data: {}, event: 'e', tags: { a: '', b: 'x'.repeat(256) }, key: 'k' }],
    ['at its limits', { data: 1, event: 'x'.repeat(128), key: 'x'.repeat(128), tags: many(16) }],
    ['with a long tag name', { data: 1, tags: { ['x'.repeat(64)]: '' } }],
    ['with the shortest ttl', { data: 1, ttl: 1 }],
    ['with the longest ttl', { data: 1, ttl: 31_536_000_000 }],
    ['with unknown fields', { data: 1, priority: 5 }],
  ])('%s is valid', (_, raw) => {
    expect(checkDraft(raw)).toBeNull();
  });

  it.each<[string, Record<string, unknown>, 'command_invalid' | 'payload_invalid', string]>([
    ['without data', {}, 'command_invalid', '"data" is required'],
    ['with data that cannot be sent', { data: Number.NaN }, 'payload_invalid', 'data: not a finite number'],
    ['with an empty event', { data: 1, event: '' }, 'command_invalid', '"event"'],
    ['with a long event', { data: 1, event: 'x'.repeat(129) }, 'command_invalid', '"event"'],
    ['with an event that is null', { data: 1, event: null }, 'command_invalid', '"event"'],
    ['with an event that is not Unicode', { data: 1, event: '\ud800' }, 'command_invalid', '"event"'],
    ['with a key that is a number', { data: 1, key: 1 }, 'command_invalid', '"key"'],
    ['with a long key', { data: 1, key: 'x'.repeat(129) }, 'command_invalid', '"key"'],
    ['with a ttl of 0', { data: 1, ttl: 0 }, 'command_invalid', '"ttl"'],
    ['with a ttl that is no integer', { data: 1, ttl: 1.5 }, 'command_invalid', '"ttl"'],
    ['with a ttl that is a text', { data: 1, ttl: '5s' }, 'command_invalid', '"ttl"'],
    ['with a ttl of more than a year', { data: 1, ttl: 31_536_000_001 }, 'command_invalid', '31536000000'],
    ['with tags that are null', { data: 1, tags: null }, 'command_invalid', '"tags"'],
    ['with tags that are a list', { data: 1, tags: [] }, 'command_invalid', '"tags"'],
    ['with too many tags', { data: 1, tags: many(17) }, 'command_invalid', 'at most 16'],
    ['with a tag without a name', { data: 1, tags: { '': 'x' } }, 'command_invalid', '1 to 64'],
    ['with a long name of a tag', { data: 1, tags: { ['x'.repeat(65)]: 'x' } }, 'command_invalid', '1 to 64'],
    ['with a long tag', { data: 1, tags: { a: 'x'.repeat(257) } }, 'command_invalid', '"tags.a"'],
    ['with a tag that is null', { data: 1, tags: { a: null } }, 'command_invalid', '"tags.a"'],
    ['with a tag named __proto__', { data: 1, tags: JSON.parse('{"__proto__":"x"}') }, 'command_invalid', '__proto__'],
  ])('%s is invalid', (_, raw, error, detail) => {
    expect(checkDraft(raw)).toEqual({ error, detail: expect.stringContaining(detail) });
  });

  it('omits unknown and absent fields', () => {
    expect(toDraft({ data: null, event: undefined, other: 1 } as never)).toStrictEqual({ data: null });
    const whole = { data: 1, event: 'e', tags: { a: 'b' }, key: 'k', ttl: 5 };
    expect(toDraft({ ...whole, channel: 'x' } as never)).toStrictEqual(whole);
  });
});
