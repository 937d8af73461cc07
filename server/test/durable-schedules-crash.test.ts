import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DurableEngine } from '../src/engine/durable/durable-engine.ts';
import { bundle } from './support/bundle.ts';
import { CHANNEL, CONFIG, type ScheduleEvent } from './support/crash-schedule.ts';
import { World } from './support/world.ts';

/** How often a process with schedules is killed. */
const KILLS = Number(process.env.SLUICE_KILLS ?? 10);
/** Processes that use one folder, one after the other. */
const RUNS = 10;

const cleanups: (() => void)[] = [];
let program = '';

beforeAll(async () => {
  const built = await bundle('crash-scheduler.ts');
  cleanups.push(() => built.remove());
  program = built.path;
});

afterAll(() => {
  for (const clean of cleanups) clean();
});

/** What the processes of one folder have printed. */
class ScheduleRecord {
  readonly #times = new Map<string, number>();
  readonly #withdrawn = new Set<string>();
  /** Withdrawals that may have taken effect, although the process could not confirm it. */
  readonly #attempts = new Set<string>();
  /** The latest time of a process. */
  now = 1_700_000_000_000;

  add(event: ScheduleEvent): void {
    if ('scheduled' in event) this.#times.set(event.scheduled, event.at);
    else this.now = Math.max(this.now, event.time);
    if ('withdrawing' in event) this.#attempts.add(event.withdrawing);
    // One that was due already may have been published all the same.
    if ('withdrawn' in event && event.time < (this.#times.get(event.withdrawn) ?? 0)) {
      this.#withdrawn.add(event.withdrawn);
    }
  }

  get size(): number {
    return this.#times.size;
  }

  /** Runs one process and kills it after some lines. */
  async runAndKill(data: string, run: number): Promise<void> {
    const args = [program, data, String(run), String(this.now)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    cleanups.push(() => child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    const most = 1 + Math.floor(Math.random() * 1_500);
    let lines = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      this.add(JSON.parse(line) as ScheduleEvent);
      lines++;
      if (lines === most) child.kill('SIGKILL');
    }
    expect(await ended).toEqual([null, 'SIGKILL']);
  }

  /** A gateway that comes after the last process publishes what is left, and nothing twice. */
  async check(data: string): Promise<void> {
    const world = new World(CONFIG, { engine: (clock) => new DurableEngine({ data, maxSize: null, clock }) });
    world.clock.set(this.now - world.clock.now());
    await world.gateway.start();
    await expect
      .poll(() => {
        world.clock.advance(100);
        return world.services.schedules.size;
      })
      .toBe(0);
    const { messages } = await world.services.log.read(CHANNEL, 0, 100_000);
    const published = messages.map(({ message }) => message.data as string);
    const names = new Set(published);
    expect(published).toHaveLength(names.size);
    expect([...this.#times.keys()].filter((name) => !names.has(name) && !this.#attempts.has(name))).toEqual([]);
    expect([...this.#withdrawn].filter((name) => names.has(name))).toEqual([]);
    const early = messages.filter(({ message: { data: name, time } }) => time < (this.#times.get(name as string) ?? 0));
    expect(early).toEqual([]);
    const closing = world.gateway.close();
    world.clock.advance(60_000);
    await closing;
  }
}

const FOLDERS = Array.from({ length: Math.ceil(KILLS / RUNS) }, (_, folder) => folder * RUNS);

describe(`a process that is killed ${KILLS} times while it publishes scheduled messages`, () => {
  it.each(FOLDERS)('publishes each once, and none that was withdrawn (from process %i)', async (from) => {
    const data = mkdtempSync(join(tmpdir(), 'sluice-'));
    cleanups.push(() => rmSync(data, { recursive: true, force: true }));
    const record = new ScheduleRecord();
    for (let run = from; run < Math.min(KILLS, from + RUNS); run++) await record.runAndKill(data, run);
    expect(record.size).toBeGreaterThan(0);
    await record.check(data);
  });
});
