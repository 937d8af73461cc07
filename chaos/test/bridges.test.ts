import { describe, expect, it } from 'vitest';
import { BridgeRun } from '../src/bridges/run.ts';
import { SOAK_SYSTEMS } from '../src/bridges/systems.ts';
import { summary } from '../src/summary.ts';

/** A different plan for every run. To repeat a failure, use the seed that it prints. */
const SEED = Number(process.env.SLUICE_CHAOS_SEED ?? Date.now() % 1_000_000);
/** Seconds in which new faults begin; `npm run chaos -- bridges` runs for minutes. */
const SECONDS = Number(process.env.SLUICE_CHAOS_SECONDS ?? 4);
const SYSTEMS = ['redis', 'nats'];

const skip = SYSTEMS.map((name) => SOAK_SYSTEMS[name]?.broker.skip ?? false).find((reason) => reason !== false);

describe('under faults each message passes a bridge, once and in order', () => {
  it.skipIf(skip !== undefined)('with Redis Streams and NATS', { timeout: 300_000 }, async () => {
    const lines: string[] = [];
    const options = { systems: SYSTEMS, seed: SEED, engine: 'durable', nodes: 1, rate: 50, every: 700 } as const;
    const run = new BridgeRun({ ...options, length: SECONDS * 1_000, print: (line) => lines.push(line) });
    const report = await run.go();
    const output = [`SLUICE_CHAOS_SEED=${SEED}`, ...lines, summary(report)].join('\n');
    expect(report.faults, output).toEqual([]);
    for (const what of ['messages produced', 'messages published'])
      expect(report.counts[what], output).toBeGreaterThan(0);
    process.stdout.write(`bridges, seed ${SEED}: ${summary(report)}\n`);
  });
});
