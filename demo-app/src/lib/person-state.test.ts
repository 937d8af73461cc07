import { expect, it } from 'vitest';
import { readPersonState } from './person-state.ts';

const readTo = { epoch: 'e', offset: 3 };

it.each([
  [
    { typing: true, readTo },
    { typing: true, readTo },
  ],
  [{ readTo: { ...readTo, more: 1 } }, { typing: false, readTo }],
  [{ typing: 'yes', readTo: { epoch: 'e' } }, { typing: false }],
  [{ readTo: null }, { typing: false }],
  [null, {}],
  ['typing', {}],
])('reads %j as %j', (data, state) => {
  expect(readPersonState(data)).toEqual(state);
});
