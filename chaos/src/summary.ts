import type { Report } from './run.ts';

/** Summarizes what was injected and what was verified. */
export function summary({ injected, counts, faults }: Report): string {
  const list = (entries: Iterable<readonly [string, number]>) =>
    [...entries].map(([name, count]) => `${name} ${count}`).join(', ');
  return [
    `injected   ${list(injected)}`,
    `verified   ${list(Object.entries(counts))}`,
    ...faults.map((fault) => `FAULT      ${fault}`),
  ].join('\n');
}
