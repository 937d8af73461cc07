import { expect, it } from 'vitest';
import { EventBus } from '../events.ts';
import type { HookConfig } from '../hook.ts';
import { CallFailed } from '../outgoing/call-failed.ts';
import { ManualClock } from '../util/clock.ts';
import { ActiveHook } from './active-hook.ts';
import { HookRecord } from './hook-record.ts';

const config: HookConfig = {
  ...{ name: 'app', on: ['publish'], channels: [], timeout: 1_000, onFailure: 'deny', ttl: 0 },
  target: { kind: 'functions', functions: {} },
};

it.each([
  ['a failed call is no fault', new CallFailed('status', 'answered with 500'), []],
  ['a bug of the gateway is reported', new TypeError('a bug'), ['the hook "app": TypeError: a bug']],
])('%s', async (_, error, reported) => {
  const events = new EventBus();
  const faults: string[] = [];
  events.on('fault', (fault) => void faults.push(`${fault.where}: ${fault.error}`));
  const target = { isPaused: false, ask: () => Promise.reject(error), close: () => {} };
  const record = new HookRecord();
  const hook = new ActiveHook({ config, target, record, events, clock: new ManualClock() });
  const call = { hook: 'publish', user: 'ada', claims: {} } as const;
  const answers = await hook.ask('publish', [call, call], undefined);
  expect(answers.map((answer) => answer instanceof CallFailed)).toEqual([true, true]);
  expect(faults).toEqual(reported);
});
