import type { Report } from './run.ts';

const mib = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;
const list = (counts: ReadonlyMap<string, number>): string =>
  [...counts.entries()]
    .toSorted(([, a], [, b]) => b - a)
    .map(([kind, count]) => `  ${String(count).padStart(9)}  ${kind}`)
    .join('\n');

/** The input that was sent, and the checks. */
export function summary({ faults, rounds, frames, http, single, pings, memory }: Report): string {
  return [
    `${rounds} rounds: ${frames.frames} frames were written (${mib(frames.bytes)}; those behind a close are not read), answered with ${mib(frames.received)}`,
    list(frames.byKind),
    `${http.exchanges} HTTP exchanges (${mib(http.bytes)}), ${http.answers} answers read`,
    list(http.byKind),
    `memory: ${mib(memory.idle)} before, up to ${mib(memory.warm)} while it became warm (five rounds), at most ${mib(memory.peak)}, back to ${mib(memory.rest)} between rounds`,
    ...(single === undefined
      ? []
      : [
          `${single.frames} frames of an unauthenticated client, each alone: at most ${single.slowest} ms of CPU time for one (50 are allowed)`,
        ]),
    `a healthy client's pings: ${pings.answered} answered, p50 ${pings.p50} ms, p99 ${pings.p99} ms, at most ${pings.most} ms (its own process was up to ${pings.late} ms late; the aim is 50)`,
    'checked: the process lives, no fault in its log, no answer "internal" or 500, the healthy client stays connected; after each round no connection, subscription or channel is left',
    faults.length === 0 ? 'nothing went wrong' : `WRONG:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
  ].join('\n');
}
