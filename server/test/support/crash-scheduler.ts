/**
 * A process that tests kill: it schedules messages, publishes what is due, and prints what was
 * acknowledged. Started by durable-schedules-crash.test.ts with the data folder, the number of its run and
 * the time at which it begins.
 */
import { writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { PROGRAM } from '../../src/auth/identity.ts';
import { Door } from '../../src/channels/door.ts';
import { Rules } from '../../src/channels/rules.ts';
import { parseConfig } from '../../src/config/schema.ts';
import { DurableEngine } from '../../src/engine/durable/durable-engine.ts';
import { EventBus } from '../../src/events.ts';
import { Refusal } from '../../src/refusal.ts';
import { SCHEDULES } from '../../src/schedules/schedule-record.ts';
import { Schedules } from '../../src/schedules/schedules.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { Ids } from '../../src/util/ids.ts';
import { CHANNEL, CONFIG, type ScheduleEvent } from './crash-schedule.ts';

const [, , data = '', run = '0', begin = '0'] = process.argv;
/** Most commands without an acknowledgement at the same time. */
const OUTSTANDING = 20;
const random = (below: number) => Math.floor(Math.random() * below);
// Synchronous, so that the output survives a kill.
const print = (event: ScheduleEvent) => writeSync(1, `${JSON.stringify(event)}\n`);

const clock = new ManualClock(Number(begin));
const engine = new DurableEngine({ data, maxSize: null, clock });
const rules = new Rules(parseConfig({ ...CONFIG, anonymous: true }).channels);
const ids = new Ids();
const parts = { log: engine.log, rules, events: new EventBus(), clock, ids, nextId: ids.next };
const schedules = new Schedules({ ...parts, door: new Door(parts) });
await engine.start({
  deliver: (channel, epoch, message) => channel === SCHEDULES && schedules.take(epoch, message),
});
await schedules.start();

async function scheduleOne(name: string): Promise<void> {
  const request = { channel: CHANNEL, draft: { data: name }, by: PROGRAM, allowance: null };
  const result = await schedules.schedule(request, { delay: random(300) });
  if (result instanceof Refusal) throw new Error(result.detail);
  print({ scheduled: name, at: result.at });
  if (random(5) > 0) return;
  print({ withdrawing: name, time: clock.now() });
  const refusal = await schedules.unschedule(CHANNEL, result.id, PROGRAM);
  if (refusal === null) print({ withdrawn: name, time: clock.now() }); // otherwise it was published before
}

let outstanding = 0;
for (let n = 0; ; n++) {
  outstanding++;
  void scheduleOne(`${run}-${n}`).finally(() => outstanding--);
  clock.advance(random(5));
  print({ time: clock.now() });
  await nextTurn();
  while (outstanding >= OUTSTANDING) await nextTurn();
}
