import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Message } from '@sluice/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DurableEngine } from '../src/engine/durable/durable-engine.ts';
import { bundle } from './support/bundle.ts';
import { type Acknowledged, CHANNELS, channelOf, floodEntry } from './support/crash-record.ts';

/** How often a publishing process is killed. */
const KILLS = Number(process.env.SLUICE_KILLS ?? 100);
/** Processes that use one folder, one after the other. */
const RUNS = 10;
/** Most unacknowledged publishes of a killed process. */
const MOST_OUTSTANDING = 300;

const cleanups: (() => void)[] = [];
let program = '';

beforeAll(async () => {
  const built = await bundle('crash-flood.ts');
  cleanups.push(() => built.remove());
  program = built.path;
});

afterAll(() => {
  for (const clean of cleanups) clean();
});

/** Runs one process, kills it after `acks` acknowledgements, and returns them. */
async function runAndKill({ data, run, acks }: { data: string; run: number; acks: number }): Promise<Acknowledged[]> {
  const child: ChildProcess = spawn(process.execPath, [program, data, String(run)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const kill = () => child.kill('SIGKILL');
  cleanups.push(kill);
  const ended = once(child, 'exit');
  const acknowledged: Acknowledged[] = [];
  if (child.stdout === null) throw new Error('the process has no stdout pipe');
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(JSON.parse(line) as Acknowledged);
    if (acknowledged.length === acks) kill();
  }
  expect(await ended).toEqual([null, 'SIGKILL']);
  return acknowledged;
}

/** What the test knows about one folder. */
class Record {
  readonly #data: string;
  readonly #acknowledged: Acknowledged[] = [];
  #epoch: string | undefined;

  constructor(data: string) {
    this.#data = data;
  }

  /** Opens the folder of a killed process, and compares it with the acknowledgements. */
  async check(run: number, acknowledged: readonly Acknowledged[]): Promise<void> {
    this.#acknowledged.push(...acknowledged);
    const engine = new DurableEngine({ data: this.#data });
    await engine.start({ deliver: () => {} });
    try {
      await this.#checkLogs(engine);
      await this.#repeat(engine, run, acknowledged);
      await this.#checkLogs(engine);
    } finally {
      await engine.close();
    }
  }

  async #checkLogs(engine: DurableEngine): Promise<void> {
    for (const { name, retention } of CHANNELS) {
      const { epoch, head, first, messages: logged } = await engine.read(name, 0, 1_000_000);
      const messages = logged.map(({ message }) => message);
      if (head === 0) {
        expect(this.#acknowledged.filter((one) => one.channel === name)).toEqual([]);
        continue;
      }
      this.#epoch ??= epoch;
      expect(epoch).toBe(this.#epoch);
      const kept = Math.min(head, retention?.count ?? 0);
      expect(first).toBe(head - kept + 1);
      expect(messages.map(({ offset }) => offset)).toEqual(Array.from({ length: kept }, (_, at) => first + at));
      expect(new Set(messages.map(({ id }) => id)).size).toBe(kept);
      expect(new Set(messages.map(({ data }) => (data as { key: string }).key)).size).toBe(kept);
      this.#checkAcknowledged(name, { head, first, messages });
    }
  }

  #checkAcknowledged(
    channel: string,
    { head, first, messages }: { head: number; first: number; messages: readonly Message[] },
  ) {
    const mine = this.#acknowledged.filter((one) => one.channel === channel);
    expect(new Set(mine.map(({ offset }) => offset)).size).toBe(mine.length);
    for (const { id, epoch, offset, key } of mine) {
      expect(offset).toBeLessThanOrEqual(head);
      expect(epoch).toBe(this.#epoch);
      if (offset < first) continue;
      const message = messages[offset - first];
      const { fill = null } = (message?.data ?? {}) as { fill?: string };
      const times = Math.floor((fill?.length ?? 0) / (key.length + 1));
      expect({ id: message?.id, fill }).toEqual({ id, fill: `${key};`.repeat(times) });
    }
  }

  /**
   * Retries all publishes that the process may have received, with their keys, as a publisher does
   * after a lost connection.
   */
  async #repeat(engine: DurableEngine, run: number, acknowledged: readonly Acknowledged[]): Promise<void> {
    const append = (n: number) => {
      const { name, retention } = channelOf(n);
      const { data, time } = floodEntry({ run, n });
      const options = { retention, window: 3_600_000, key: data.key };
      return engine.append(name, { id: `again-${run}-${n}`, data, time }, options);
    };
    const numberOf = ({ key }: Acknowledged) => Number(key.split('-')[1]);
    const again = await Promise.all(acknowledged.map((one) => append(numberOf(one))));
    expect(again).toEqual(acknowledged.map(({ id, epoch, offset }) => ({ id, epoch, offset })));
    const known = new Set(acknowledged.map(numberOf));
    const rest = Array.from({ length: Math.max(0, ...known) + MOST_OUTSTANDING }, (_, n) => n).filter(
      (n) => !known.has(n),
    );
    const first = await Promise.all(rest.map(append));
    expect(await Promise.all(rest.map(append))).toEqual(first);
  }
}

/** The number of the first process in each folder. */
const FOLDERS = Array.from({ length: Math.ceil(KILLS / RUNS) }, (_, folder) => folder * RUNS);

describe(`a process that is killed ${KILLS} times while it publishes`, () => {
  // One test per folder, so that a slow machine does not hit the timeout.
  it.each(FOLDERS)(
    'keeps every acknowledged message once, without holes, and its idempotency keys (from process %i)',
    async (from) => {
      const data = mkdtempSync(join(tmpdir(), 'sluice-'));
      cleanups.push(() => rmSync(data, { recursive: true, force: true }));
      const record = new Record(data);
      let total = 0;
      for (let run = from; run < Math.min(KILLS, from + RUNS); run++) {
        const acknowledged = await runAndKill({ data, run, acks: 1 + Math.floor(Math.random() * 600) });
        total += acknowledged.length;
        await record.check(run, acknowledged);
      }
      expect(total).toBeGreaterThanOrEqual(Math.min(RUNS, KILLS - from));
    },
  );
});
