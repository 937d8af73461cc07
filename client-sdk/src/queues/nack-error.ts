// Milliseconds of a day. SPEC.md section 4.16.
const LONGEST_DELAY = 86_400_000;

/** Options of a `NackError`. */
export interface NackOptions {
  /** Milliseconds until the message is delivered again, at most a day. Default: the backoff of the group. */
  readonly delay?: number;
  /** Whether the message can never succeed: it becomes a dead letter at once. Default: `false`. */
  readonly dead?: boolean;
}

/**
 * Throw it in the handler of `consume` to choose when the message is delivered again, or that it is
 * not. `message` is stored with a dead letter.
 *
 * @example
 * import { consume, NackError } from '@sluice/client/queues';
 *
 * consume(client.channel<{ to: string }>('jobs:mail'), async ({ message }) => {
 *   if (!message.data.to.includes('@')) throw new NackError('no address', { dead: true });
 *   await handle(message.data);
 * });
 */
export class NackError extends Error {
  override readonly name = 'NackError';
  readonly delay: number | undefined;
  readonly dead: boolean;

  /** @throws RangeError if `delay` is no number from 0 to 86,400,000 */
  constructor(message: string, { delay, dead = false }: NackOptions = {}) {
    super(message);
    const isDelay = delay === undefined || (Number.isFinite(delay) && delay >= 0 && delay <= LONGEST_DELAY);
    if (!isDelay) throw new RangeError(`NackError: "delay" must be milliseconds from 0 to ${LONGEST_DELAY}`);
    this.delay = delay;
    this.dead = dead;
  }
}
