import { expect, it } from 'vitest';
import { parseUrl } from './parse-url.ts';

it.each([
  ['https://bücher.example/a', 'https://xn--bcher-kva.example/a'],
  ['http://[::1]:80', 'http://[::1]/'],
  ['/a', undefined],
  ['', undefined],
])('%j is %j, however often it is parsed', (text, href) => {
  for (let n = 0; n < 20_000; n++) expect(parseUrl(text)?.href).toBe(href);
});
