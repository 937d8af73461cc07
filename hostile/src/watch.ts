import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Child } from '../../chaos/src/child.ts';

const PINGER = fileURLToPath(new URL('../pinger.mjs', import.meta.url));

/** Figures of a gateway that must be 0 without connections, and its fault counters. */
export type Figures = Readonly<Record<string, number>>;

/** Reads the gateway's own figures; labels are part of a name. */
export async function readFigures(port: number): Promise<Figures> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

/** Resident memory of a process in bytes; NaN if the system does not report it. */
export function residentMemory(pid: number | undefined): number {
  try {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kib) * 1024;
  } catch {
    return Number.NaN;
  }
}

interface PingerLine {
  readonly took?: readonly number[];
  readonly late?: number;
  readonly closed?: number;
  readonly reason?: string;
}

/** A healthy client in a separate process, and the duration of its pings. */
export class HealthyClient {
  readonly #child: Child;
  readonly #times: number[] = [];
  /** How late its own process was, at worst: the figures are never better than that. Milliseconds. */
  late = 0;
  #ended = false;

  constructor(url: string, token: string, onFault: (text: string) => void) {
    this.#child = new Child(process.execPath, [PINGER, url, token], (text) => {
      const { took = [], late = 0, closed, reason } = JSON.parse(text) as PingerLine;
      for (const time of took) this.#times.push(time);
      this.late = Math.max(this.late, late);
      if (closed !== undefined && !this.#ended) onFault(`the healthy client was closed: ${closed} ${reason}`);
    });
  }

  /** Pings that were answered. */
  get answered(): number {
    return this.#times.length;
  }

  /** Milliseconds below which this share of the pings was answered. */
  percentile(share: number): number {
    const sorted = this.#times.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await this.#child.kill('SIGKILL');
  }
}
