import { type Command, ERRORS } from '@sluice/protocol';
import { Refusal } from '../channels/refusal.ts';

/** Channels whose series are remembered as broken; beyond, the one that broke first is forgotten. */
const MOST = 1_000;

type Publish = Extract<Command, { type: 'publish' }>;

interface Break {
  readonly series: number;
  readonly refusal: Refusal;
}

/**
 * Publishes of one connection that stand in their order or not at all: after one was refused and may be tried again, those that
 * were on their way behind it are refused as well, so that none overtakes it. SPEC.md section 4.5.
 */
export class BrokenSeries {
  readonly #breaks = new Map<string, Break>();

  /** A publish was refused: if it may be tried again, its series is broken. */
  note({ channel, series }: Publish, refusal: Refusal): void {
    if (series === undefined || !ERRORS[refusal.error].retryable || refusal.retryAfter === undefined) return;
    if (series <= (this.#breaks.get(channel)?.series ?? -1)) return;
    this.#breaks.set(channel, { series, refusal });
    if (this.#breaks.size > MOST) for (const oldest of this.#breaks.keys()) return void this.#breaks.delete(oldest);
  }

  /** Why a publish is not carried out: the first refusal of its series, or `null`. A higher series begins anew. */
  refusalOf({ channel, series }: Publish): Refusal | null {
    const broken = this.#breaks.get(channel);
    if (broken === undefined || series === undefined) return null;
    if (series > broken.series) {
      this.#breaks.delete(channel);
      return null;
    }
    const { error, retryAfter } = broken.refusal;
    return new Refusal(error, `a publish to "${channel}" before this one, of the same series, was refused`, retryAfter);
  }
}
