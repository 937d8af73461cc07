import { describe, expect, it } from 'vitest';
import { jsonWire } from './native/json-wire.ts';
import { matchesPath, negotiate, pathsOf, WIRES } from './negotiate.ts';

const select = (protocols: readonly string[], path = '/ws') => ({ path, query: new URLSearchParams(), protocols });

it.each([
  [[], 'sluice.v1.json'],
  [['sluice.v1.json'], 'sluice.v1.json'],
  [['sluice.v1.msgpack'], 'sluice.v1.msgpack'],
  [['sluice.v1.msgpack', 'sluice.v1.json'], 'sluice.v1.msgpack'],
  [['sluice.v1.json', 'sluice.v1.msgpack'], 'sluice.v1.json'],
  [['sluice.v9.json', '', 'sluice.v1.json'], 'sluice.v1.json'],
  [['sluice.v9.json'], undefined],
  [['SLUICE.V1.JSON'], undefined],
  [[''], undefined],
])('chooses from %j: %s', (offered, expected) => {
  expect(negotiate(select(offered))?.subprotocol).toBe(expected);
});

describe('a wire with a path of its own', () => {
  const foreign = { ...jsonWire, id: 'x', subprotocol: 'foreign', path: '/app/:key' };
  const wires = [...WIRES, foreign];

  it.each([
    ['/app/k1', [], 'foreign'],
    ['/app/k1', ['foreign'], 'foreign'],
    ['/app/k1', ['sluice.v1.json'], undefined],
    ['/ws', ['foreign'], undefined],
    ['/ws', [], 'sluice.v1.json'],
    ['/elsewhere', [], undefined],
  ])('%s with %j: %s', (path, offered, expected) => {
    expect(negotiate(select(offered, path), wires)?.subprotocol).toBe(expected);
  });

  it('is opened at its path', () => {
    expect(pathsOf(wires)).toEqual(['/ws', '/app/:key']);
  });
});

it.each([
  ['/ws', '/ws', true],
  ['/ws', '/ws/', false],
  ['/app/:key', '/app/a', true],
  ['/app/:key', '/app/', false],
  ['/app/:key', '/app/a/b', false],
  ['/app/:key', '/App/a', false],
])('the form %s and the path %s: %s', (form, path, expected) => {
  expect(matchesPath(form, path)).toBe(expected);
});
