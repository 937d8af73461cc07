import { FIRST_OF_CLIENT } from '../codes.ts';
import type { EntryHost } from '../entry-host.ts';
import type { SluiceError } from '../index.ts';
import { NackError } from './nack-error.ts';

/** How a delivery is settled. */
export type Settlement =
  | { readonly type: 'ack' }
  | { readonly type: 'nack'; readonly delay?: number; readonly dead?: true; readonly reason?: string };

interface Batch {
  readonly settlement: Settlement;
  readonly ids: string[];
  readonly done: Promise<void>;
}

// Characters of a reason. SPEC.md section 4.16.
const REASON = 256;

/** Settles deliveries of one group: those of the same turn in one command. */
export class Settler {
  readonly #host: EntryHost;
  readonly #about: { readonly channel: string; readonly group: string };
  #batches = new Map<string, Batch>();

  constructor(host: EntryHost, about: { readonly channel: string; readonly group: string }) {
    this.#host = host;
    this.#about = about;
  }

  /** Resolves when the gateway has answered, whether the delivery was in flight or not. Never rejects. */
  settle(id: string, settlement: Settlement): Promise<void> {
    const key = JSON.stringify(settlement);
    const batch = this.#batches.get(key) ?? this.#begin(key, settlement);
    batch.ids.push(id);
    return batch.done;
  }

  #begin(key: string, settlement: Settlement): Batch {
    const ids: string[] = [];
    const done = Promise.resolve().then(() => {
      this.#batches.delete(key);
      return this.#send(settlement, ids);
    });
    const batch = { settlement, ids, done };
    this.#batches.set(key, batch);
    return batch;
  }

  /** Repeated on the next connection, and after a rate limit. */
  async #send(settlement: Settlement, deliveries: readonly string[]): Promise<void> {
    const body = { ...this.#about, ...settlement, deliveries };
    await this.#host.execute(body, { timeout: Number.POSITIVE_INFINITY, weight: 1 }).catch((error: SluiceError) => {
      // Deliveries that have expired are others' already, and a closed client tells so itself.
      if (error.name !== 'delivery_expired' && error.code < FIRST_OF_CLIENT) this.#host.report('error', error);
    });
  }
}

/** The `nack` for an error of the handler. Only the text of a `NackError` reaches the gateway. */
export function nackOf(error: unknown): Settlement {
  if (!(error instanceof NackError)) return { type: 'nack' };
  const { delay, dead, message } = error;
  const reason = message.slice(0, REASON);
  return {
    type: 'nack',
    ...(dead ? { dead } : delay !== undefined && { delay: Math.round(delay) }),
    ...(reason && { reason }),
  };
}
