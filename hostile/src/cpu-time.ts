import { readFileSync } from 'node:fs';

/** Milliseconds of one tick of the figures in `/proc`. */
const TICK = 10;

/** CPU time of a process in milliseconds; NaN if the system does not report it. It hardly depends on other load. */
export function cpuTime(pid: number | undefined): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK;
  } catch {
    return Number.NaN;
  }
}
