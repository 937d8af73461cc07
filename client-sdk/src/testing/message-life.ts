import type { ChannelContract, DurationInput } from '@sluice/protocol/contracts';
import { Refused } from './refused.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** How long the messages of a channel last, as its rule says. SPEC.md section 5.2. */
export class MessageLife {
  /** Milliseconds of a message without a `ttl`; `undefined`: it does not expire. */
  readonly usual: number | undefined;
  readonly #max: number | undefined;
  readonly #pattern: string;

  /** @throws TypeError if a duration is invalid */
  constructor(pattern: string, { rule }: ChannelContract = {}) {
    const read = (name: 'default' | 'max') => {
      const input = rule?.ttl?.[name];
      return input === undefined ? undefined : millisecondsOf(input, `channels["${pattern}"].rule.ttl.${name}`);
    };
    this.#pattern = pattern;
    this.usual = read('default');
    this.#max = read('max');
  }

  /** @throws Refused if a message may not last as long as its publisher wants */
  check(ttl: number | undefined): void {
    if (ttl === undefined || this.#max === undefined || ttl <= this.#max) return;
    throw new Refused('command_invalid', `"ttl" may be at most ${this.#max} ms on channels of "${this.#pattern}"`);
  }
}

/** The milliseconds of a duration, which a gateway reads likewise. */
function millisecondsOf(input: DurationInput, at: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(`${input}`.trim()) ?? [];
  const factor = unit === '' ? 1 : Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  const value = Math.round(Number(amount) * (factor ?? Number.NaN));
  if (value >= 1) return value;
  throw new TypeError(`${at}: is not a duration. Write milliseconds, or "5s", "10m", "24h", "7d"`);
}
