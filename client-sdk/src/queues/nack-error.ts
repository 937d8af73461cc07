/** Options of a `NackError`. */
export interface NackOptions {
  /** Milliseconds until the message is delivered again. Default: the backoff of the group. */
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

  constructor(message: string, { delay, dead = false }: NackOptions = {}) {
    super(message);
    this.delay = delay;
    this.dead = dead;
  }
}
