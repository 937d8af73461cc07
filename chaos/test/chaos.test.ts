import { describe, expect, it } from 'vitest';
import type { PlanOptions } from '../src/plan.ts';
import { Run } from '../src/run.ts';
import { summary } from '../src/summary.ts';

/** A different plan for every run. To repeat a failure, use the seed that it prints. */
const SEED = Number(process.env.SLUICE_CHAOS_SEED ?? Date.now() % 1_000_000);
/** Seconds in which new faults begin if several nodes share a Redis; `npm run chaos` runs for minutes. */
const SECONDS = Number(process.env.SLUICE_CHAOS_SECONDS ?? 4);

const RUNS: readonly (Pick<PlanOptions, 'engine' | 'nodes'> & { what: string; seconds: number; empty?: boolean })[] = [
  { what: 'three gateways on one Redis', engine: 'redis', nodes: 3, seconds: SECONDS },
  { what: 'a gateway with the durable engine', engine: 'durable', nodes: 1, seconds: SECONDS / 2 },
  { what: 'a gateway with the memory engine', engine: 'memory', nodes: 1, seconds: SECONDS / 2 },
];

describe('under faults no message is lost without a gap or delivered twice, and all work is done', () => {
  it.each(RUNS)('$what', { timeout: 300_000 }, async ({ engine, nodes, seconds, empty = false }) => {
    const lines: string[] = [];
    const options = { engine, nodes, empty, seed: SEED, clients: 10, rate: 50, every: 300, length: seconds * 1_000 };
    const report = await new Run({ ...options, print: (line) => lines.push(line) }).go();
    const output = [`SLUICE_CHAOS_SEED=${SEED}`, ...lines, summary(report)].join('\n');
    expect(report.faults, output).toEqual([]);
    for (const what of ['messages delivered', 'settlements accepted', 'requests answered', 'messages scheduled'])
      expect(report.counts[what], output).toBeGreaterThan(0);
    process.stdout.write(`chaos, ${engine}, seed ${SEED}: ${summary(report)}\n`);
  });
});
