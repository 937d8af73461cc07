import { describe, expect, it } from 'vitest';
import type { PlanOptions } from '../src/plan.ts';
import { Run } from '../src/run.ts';
import { summary } from '../src/summary.ts';

/** Another plan with every run; what fails is repeated with the seed that it prints. */
const SEED = Number(process.env.SLUICE_CHAOS_SEED ?? Date.now() % 1_000_000);
/** Seconds in which new faults begin, where several nodes share a Redis; `npm run chaos` goes on for minutes. */
const SECONDS = Number(process.env.SLUICE_CHAOS_SECONDS ?? 4);

const RUNS: readonly (Pick<PlanOptions, 'engine' | 'nodes'> & { what: string; seconds: number; empty?: boolean })[] = [
  { what: 'three gateways on one Redis', engine: 'redis', nodes: 3, seconds: SECONDS },
  { what: 'a gateway with the durable engine', engine: 'durable', nodes: 1, seconds: SECONDS / 2 },
  { what: 'a gateway with the memory engine', engine: 'memory', nodes: 1, seconds: SECONDS / 2 },
];

describe('under faults nothing is lost silently and nothing comes twice', () => {
  it.each(RUNS)('$what', { timeout: 300_000 }, async ({ engine, nodes, seconds, empty = false }) => {
    const lines: string[] = [];
    const options = { engine, nodes, empty, seed: SEED, clients: 10, rate: 50, every: 300, length: seconds * 1_000 };
    const report = await new Run({ ...options, say: (line) => lines.push(line) }).go();
    const story = [`SLUICE_CHAOS_SEED=${SEED}`, ...lines, summary(report)].join('\n');
    expect(report.faults, story).toEqual([]);
    expect(report.counts['messages handed out'], story).toBeGreaterThan(0);
    process.stdout.write(`chaos, ${engine}, seed ${SEED}: ${summary(report)}\n`);
  });
});
