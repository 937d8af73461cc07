import fc from 'fast-check';
import { expect, it } from 'vitest';
import { splitLinks } from './links.ts';

it('finds addresses without the punctuation after them', () => {
  expect(splitLinks('See https://example.org/a?b=c, then (http://localhost:8080/x).')).toEqual([
    { text: 'See ' },
    { text: 'https://example.org/a?b=c', href: 'https://example.org/a?b=c' },
    { text: ', then (' },
    { text: 'http://localhost:8080/x', href: 'http://localhost:8080/x' },
    { text: ').' },
  ]);
});

it('links only http and https', () => {
  expect(splitLinks('javascript:alert(1) data:text/html,x')).toEqual([
    { text: 'javascript:alert(1) data:text/html,x' },
  ]);
});

it('keeps every character', () => {
  const words = fc.array(fc.oneof(fc.string(), fc.webUrl()));
  fc.assert(
    fc.property(words, (texts) => {
      const text = texts.join(' ');
      const joined = splitLinks(text)
        .map((part) => part.text)
        .join('');
      expect(joined).toBe(text);
    }),
  );
});
