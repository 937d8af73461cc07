import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DurableEngine } from '../src/engine/durable/durable-engine.ts';
import { ManualClock } from '../src/util/clock.ts';
import { bundle } from './support/bundle.ts';
import { CONSUMER, QUEUE, type QueueEvent } from './support/crash-queue.ts';

/** How often a consuming process is killed. */
const KILLS = Number(process.env.SLUICE_KILLS ?? 20);
/** Processes that use one folder, one after the other. */
const RUNS = 10;
const HOUR = 3_600_000;

const cleanups: (() => void)[] = [];
let program = '';

beforeAll(async () => {
  const built = await bundle('crash-consumer.ts');
  cleanups.push(() => built.remove());
  program = built.path;
});

afterAll(() => {
  for (const clean of cleanups) clean();
});

/** Runs one process and kills it after some lines, which it returns. */
async function runAndKill(data: string, run: number): Promise<QueueEvent[]> {
  const child = spawn(process.execPath, [program, data, String(run)], { stdio: ['ignore', 'pipe', 'inherit'] });
  cleanups.push(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  const events: QueueEvent[] = [];
  const most = 1 + Math.floor(Math.random() * 800);
  for await (const line of createInterface({ input: child.stdout })) {
    events.push(JSON.parse(line) as QueueEvent);
    if (events.length === most) child.kill('SIGKILL');
  }
  expect(await ended).toEqual([null, 'SIGKILL']);
  return events;
}

/** What the processes of one folder have printed. */
class QueueRecord {
  readonly #published = new Set<number>();
  readonly #settling = new Set<number>();
  readonly #settled = new Set<number>();
  readonly #dead = new Set<number>();

  add(events: readonly QueueEvent[]): void {
    for (const event of events) {
      if ('published' in event) this.#published.add(event.published);
      else if ('settling' in event) for (const offset of event.settling) this.#settling.add(offset);
      else for (const offset of event.settled) (event.dead ? this.#dead : this.#settled).add(offset);
    }
  }

  get settled(): number {
    return this.#settled.size;
  }

  /** Opens the folder of a killed process an hour later, when all deliveries have expired. */
  async check(data: string): Promise<void> {
    const clock = new ManualClock();
    clock.set(Date.now() + HOUR - clock.now());
    const engine = new DurableEngine({ data, clock });
    await engine.start({ deliver: () => {} });
    try {
      await this.#checkQueue(engine);
    } finally {
      await engine.close();
    }
  }

  async #checkQueue(engine: DurableEngine): Promise<void> {
    const request = { token: 'check', max: 100_000, maxLength: Number.MAX_SAFE_INTEGER };
    const { deliveries, gaps } = await engine.groups.claim(QUEUE, CONSUMER, request);
    const waiting = new Set(deliveries.map(({ message }) => message.offset));
    const { letters } = await engine.groups.dead(QUEUE, 0, 100_000);
    const dead = new Set(letters.map(({ message }) => message.offset));
    expect(gaps).toEqual([]);
    const delivered = [...this.#settled, ...this.#dead].filter((offset) => waiting.has(offset));
    expect(delivered).toEqual([]); // a confirmed settlement is never undone
    expect([...this.#dead].filter((offset) => !dead.has(offset))).toEqual([]);
    const isThere = (offset: number) => waiting.has(offset) || dead.has(offset) || this.#settling.has(offset);
    expect([...this.#published].filter((offset) => !isThere(offset))).toEqual([]); // no message is lost
    const ids = deliveries.map(({ id }) => id);
    await engine.groups.settle(QUEUE, CONSUMER, ids, { type: 'nack' });
  }
}

const FOLDERS = Array.from({ length: Math.ceil(KILLS / RUNS) }, (_, folder) => folder * RUNS);

describe(`a process that is killed ${KILLS} times while it consumes`, () => {
  it.each(FOLDERS)('loses no confirmed settlement and no message (from process %i)', async (from) => {
    const data = mkdtempSync(join(tmpdir(), 'sluice-'));
    cleanups.push(() => rmSync(data, { recursive: true, force: true }));
    const record = new QueueRecord();
    for (let run = from; run < Math.min(KILLS, from + RUNS); run++) {
      record.add(await runAndKill(data, run));
      await record.check(data);
    }
    expect(record.settled).toBeGreaterThan(0);
  });
});
