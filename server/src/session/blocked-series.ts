import { type Command, ERRORS, type ErrorName } from '@sluice/protocol';
import { Refusal } from '../refusal.ts';

/**
 * Channels whose blocked series are remembered; beyond that, the series that was blocked first is
 * forgotten. SPEC.md section 4.5.
 */
const MOST = 1_000;

type Publish = Extract<Command, { type: 'publish' }>;
type Serial = Publish & { readonly series: number };

/** Why the first publish of a series was refused, as the refusals of the others repeat it. */
interface Block {
  readonly series: number;
  readonly error: ErrorName;
  readonly retryAfter: number;
}

/** Was this a publish that may be retried, so that the publishes behind it must wait? */
export function blocksSeries(command: { readonly type: string }, refusal: Refusal): command is Serial {
  return (
    command.type === 'publish' &&
    (command as Publish).series !== undefined &&
    refusal.retryAfter !== undefined &&
    ERRORS[refusal.error].retryable
  );
}

/**
 * Series of one connection whose publishes are appended in order or not at all. When a publish that
 * may be retried is refused, the publishes of its series that were already on their way are refused
 * as well, so that none overtakes it. SPEC.md section 4.5.
 */
export class BlockedSeries {
  readonly #blocks = new Map<string, Block>();

  /** Notes a refused publish that `blocksSeries`. */
  note({ channel, series }: Serial, { error, retryAfter = 0 }: Refusal): void {
    if (series <= (this.#blocks.get(channel)?.series ?? -1)) return;
    this.#blocks.delete(channel); // moves it to the end: the map stays in the order of time
    this.#blocks.set(channel, { series, error, retryAfter });
    if (this.#blocks.size <= MOST) return;
    const [oldest] = this.#blocks.keys();
    if (oldest !== undefined) this.#blocks.delete(oldest);
  }

  /**
   * Refuses a publish for the reason of its series' first refusal; `null` if its series is not
   * blocked. A higher series begins anew.
   */
  refusalOf({ channel, series }: Publish): Refusal | null {
    const block = this.#blocks.get(channel);
    if (block === undefined || series === undefined) return null;
    if (series > block.series) {
      this.#blocks.delete(channel);
      return null;
    }
    const detail = `a publish to "${channel}" before this one, of the same series, was refused`;
    return new Refusal(block.error, detail, block.retryAfter);
  }
}
