import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { PROGRAM } from '../src/auth/identity.ts';
import { Door } from '../src/channels/door.ts';
import { Rules } from '../src/channels/rules.ts';
import { parseConfig } from '../src/config/schema.ts';
import { MemoryEngine } from '../src/engine/memory/memory-engine.ts';
import { EventBus } from '../src/events.ts';
import { Refusal } from '../src/refusal.ts';
import type { RecurringSchedule } from '../src/rule.ts';
import { SCHEDULES } from '../src/schedules/schedule-record.ts';
import { Schedules } from '../src/schedules/schedules.ts';
import { ManualClock } from '../src/util/clock.ts';
import { Ids } from '../src/util/ids.ts';

/** The caller may manage all channels. */
const permitted = () => null;

const DAY = 86_400_000;
const MOST = 3_000;
const BATCH = 500;
const CHANNEL = 'later:a';

const bounds = { history: { count: 100_000, age: '365d' }, schedule: { maxDelay: '300d', max: 50_000 } } as const;
const config = parseConfig({ anonymous: true, channels: { 'later:{id}': bounds } });

/** Schedules whose log keeps few entries, on an engine that outlives them. */
async function start(clock: ManualClock, engine: MemoryEngine): Promise<Schedules> {
  const rules = new Rules(config.channels);
  const events = new EventBus();
  events.on('fault', ({ error }) => {
    throw error;
  });
  const ids = new Ids();
  const parts = { log: engine.log, rules, events, clock, ids, nextId: ids.next };
  const schedules = new Schedules({ ...parts, door: new Door(parts), mostEntries: MOST });
  engine.start({ deliver: (channel, epoch, message) => channel === SCHEDULES && schedules.take(epoch, message) });
  await schedules.start();
  await schedules.recurring.configure([]);
  return schedules;
}

async function schedule(schedules: Schedules, data: string, delay: number): Promise<string> {
  const result = await schedules.schedule(
    { channel: CHANNEL, draft: { data }, by: PROGRAM, allowance: null },
    { delay },
  );
  if (result instanceof Refusal) throw new Error(result.detail);
  return result.id;
}

/** Fills the log with messages that do not matter any more: two entries each. */
async function fill(schedules: Schedules, clock: ManualClock): Promise<void> {
  for (let n = 0; n < MOST; n += 2 * BATCH) {
    await Promise.all(Array.from({ length: BATCH }, () => schedule(schedules, 'filler', 1)));
    clock.advance(1);
    while (schedules.size > 2) await nextTurn(); // those that are kept
  }
}

const daily: RecurringSchedule = {
  ...{ name: 'daily', channel: 'later:b', cron: '0 9 * * *', timeZone: 'UTC' },
  ...{ data: 'tick', catchUp: 'once' },
};

describe('the log of schedules', () => {
  it('keeps what matters, however many entries come after it', async () => {
    const clock = new ManualClock();
    const engine = new MemoryEngine({ clock });
    const first = await start(clock, engine);
    const kept = await schedule(first, 'kept', 200 * DAY);
    const withdrawn = await schedule(first, 'withdrawn', 200 * DAY);
    await first.recurring.put(daily, permitted);
    await first.recurring.put({ ...daily, name: 'deleted' }, permitted);
    await fill(first, clock);
    // Their entries have been written again: what is withdrawn now must not return.
    expect(await first.unschedule(CHANNEL, withdrawn, PROGRAM)).toBeNull();
    expect(await first.recurring.delete('deleted', permitted)).toBeNull();
    await fill(first, clock);
    first.close();
    const second = await start(clock, engine);
    expect(await second.list(CHANNEL, { limit: 10 })).toMatchObject({ messages: [{ id: kept, data: 'kept' }] });
    expect(await second.recurring.list({ limit: 10 })).toMatchObject({ schedules: [{ name: 'daily' }] });
    clock.advance(201 * DAY);
    while (second.size > 0) await nextTurn();
    const { head } = await engine.log.read(CHANNEL, 0, 0);
    const { messages } = await engine.log.read(CHANNEL, head - 2, 10);
    expect(messages.map(({ message }) => message.data)).toEqual(['filler', 'kept']);
    // The first time, and one for all that passed while the clock was advanced at once.
    expect((await engine.log.read('later:b', 0, 100)).messages).toHaveLength(2);
    second.close();
  });
});
