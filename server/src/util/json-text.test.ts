import fc from 'fast-check';
import { expect, it } from 'vitest';
import { escapeText } from './json-text.ts';

const quote = (text: string) => `"${escapeText(text)}"`;

it('writes every text as JSON.stringify does', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string());
  const property = fc.property(text, (one) => {
    expect(quote(one)).toBe(JSON.stringify(one));
  });
  fc.assert(property);
});

it('knows each single unit of UTF-16 that is not plain', () => {
  for (let unit = 0; unit <= 0xffff; unit++) {
    const text = `a${String.fromCharCode(unit)}`;
    if (quote(text) !== JSON.stringify(text)) expect.fail(`U+${unit.toString(16)} is written as ${quote(text)}`);
  }
});
