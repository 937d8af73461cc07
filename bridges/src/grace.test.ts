import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { ScriptHost } from '../test/support/script-host.ts';
import { Grace } from './grace.ts';

function setUp() {
  const host = new ScriptHost();
  const lost = new AbortController();
  const grace = new Grace({ clock: host.clock, stop: host.stop.signal, lost: lost.signal });
  return { host, lost, grace };
}

it('a bridge that stops has some time, which ends', () => {
  const { host, grace } = setUp();
  host.stop.abort();
  expect([grace.over.aborted, host.limits.size]).toEqual([false, 1]);
  for (const ring of host.limits) ring();
  expect(grace.over.aborted).toBe(true);
});

it.each(['before', 'after'])('a bridge that another node may run has none, also if it was lost %s the stop', (when) => {
  const { host, lost, grace } = setUp();
  if (when === 'before') lost.abort();
  host.stop.abort();
  lost.abort();
  expect(grace.over.aborted).toBe(true);
});

it('leaves no timer and no listener', () => {
  const { host, lost, grace } = setUp();
  host.stop.abort();
  grace.close();
  expect(host.limits.size).toBe(0);
  expect([host.stop.signal, lost.signal].flatMap((signal) => getEventListeners(signal, 'abort'))).toEqual([]);
});
