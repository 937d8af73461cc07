import { readFileSync } from 'node:fs';

/** Milliseconds of one tick of the figures in `/proc`. */
const TICK = 10;

/** CPU time that a process has used, in milliseconds; NaN where the system does not tell. It hardly depends on what else runs. */
export function cpuTime(pid: number | undefined): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK;
  } catch {
    return Number.NaN;
  }
}
