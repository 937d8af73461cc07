import { expect, it } from 'vitest';
import { negotiate } from './negotiate.ts';

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
])('of %j it takes %s', (offered, expected) => {
  expect(negotiate(offered)?.subprotocol).toBe(expected);
});
