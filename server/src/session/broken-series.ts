import { type Command, ERRORS, type ErrorName } from '@sluice/protocol';
import { Refusal } from '../refusal.ts';

/** Channels whose series are remembered as broken; beyond, the one that broke longest ago is forgotten. SPEC.md section 4.5. */
const MOST = 1_000;

type Publish = Extract<Command, { type: 'publish' }>;
type Serial = Publish & { readonly series: number };

/** Why the first of a series was refused, as far as the others are told. */
interface Break {
  readonly series: number;
  readonly error: ErrorName;
  readonly retryAfter: number;
}

/** Was this a publish that may be tried again, and that others are to stay behind? */
export function breaksSeries(command: { readonly type: string }, refusal: Refusal): command is Serial {
  return (
    command.type === 'publish' &&
    (command as Publish).series !== undefined &&
    refusal.retryAfter !== undefined &&
    ERRORS[refusal.error].retryable
  );
}

/**
 * Publishes of one connection that stand in their order or not at all: after one was refused and may be tried again, those that
 * were on their way behind it are refused as well, so that none overtakes it. SPEC.md section 4.5.
 */
export class BrokenSeries {
  readonly #breaks = new Map<string, Break>();

  /** A publish was refused that `breaksSeries`. */
  note({ channel, series }: Serial, { error, retryAfter = 0 }: Refusal): void {
    if (series <= (this.#breaks.get(channel)?.series ?? -1)) return;
    this.#breaks.delete(channel); // moves it to the end: the map stays in the order of time
    this.#breaks.set(channel, { series, error, retryAfter });
    if (this.#breaks.size <= MOST) return;
    const [oldest] = this.#breaks.keys();
    if (oldest !== undefined) this.#breaks.delete(oldest);
  }

  /** Why a publish is not carried out: as the first of its series, or `null`. A higher series begins anew. */
  refusalOf({ channel, series }: Publish): Refusal | null {
    const broken = this.#breaks.get(channel);
    if (broken === undefined || series === undefined) return null;
    if (series > broken.series) {
      this.#breaks.delete(channel);
      return null;
    }
    const detail = `a publish to "${channel}" before this one, of the same series, was refused`;
    return new Refusal(broken.error, detail, broken.retryAfter);
  }
}
