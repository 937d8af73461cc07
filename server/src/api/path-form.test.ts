import { expect, it } from 'vitest';
import { matchPath } from './path-form.ts';

it.each([
  ['/a', '/a', {}],
  ['/a', '/b', null],
  ['/a/{x}', '/a/b', { x: 'b' }],
  ['/a/{x}', '/a/b%3Ac', { x: 'b:c' }],
  ['/a/{x}', '/a/%', null],
  ['/a/{x}', '/a/', null],
  ['/a/{x}', '/a/b/c', null],
  ['/a/{x}/c/{y}', '/a/1/c/2', { x: '1', y: '2' }],
  ['/a/{x}/c', '/a/1/d', null],
])('the form %s matches %s: %j', (form, path, expected) => {
  expect(matchPath(form, path)).toEqual(expected);
});
