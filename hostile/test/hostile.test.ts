import { describe, expect, it } from 'vitest';
import { Dice } from '../../chaos/src/dice.ts';
import { Pool } from '../src/pool.ts';
import { Run } from '../src/run.ts';
import { summary } from '../src/summary.ts';

/** Other frames with every run; what fails is repeated with the seed that it prints. */
const SEED = Number(process.env.SLUICE_HOSTILE_SEED ?? Date.now() % 1_000_000);
/** Seconds in which rounds begin; `npm run hostile` runs for minutes. */
const SECONDS = Number(process.env.SLUICE_HOSTILE_SECONDS ?? 3);

it('survives hostile frames and mangled HTTP, and keeps no state of them', {
  timeout: 300_000,
}, async () => {
  const lines: string[] = [];
  const say = (line: string) => lines.push(line);
  const sizes = { sockets: 60, exchanges: 300, concurrency: 20 };
  const report = await new Run({ seed: SEED, length: SECONDS * 1_000, ...sizes, say }).go();
  const story = [`SLUICE_HOSTILE_SEED=${SEED}`, ...lines, summary(report)].join('\n');
  expect(report.faults, story).toEqual([]);
  expect(report.frames.frames, story).toBeGreaterThan(1_000);
  expect(report.http.answers, story).toBeGreaterThan(100);
  process.stdout.write(`hostile, seed ${SEED}: ${summary(report)}\n`);
});

describe('frames', () => {
  const bytes = (seed: number, binary: boolean): Buffer => {
    const pool = new Pool({ seed, binary, size: 100, token: 't' });
    const dice = new Dice(seed);
    return Buffer.concat(Array.from({ length: 200 }, () => pool.take(dice).bytes));
  };

  it.each([false, true])('are the same with the same seed, and others with another; binary: %s', (binary) => {
    expect(bytes(7, binary).equals(bytes(7, binary))).toBe(true);
    expect(bytes(7, binary).equals(bytes(8, binary))).toBe(false);
  });
});
