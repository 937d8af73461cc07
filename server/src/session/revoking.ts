import type { Signal } from '../engine/engine.ts';
import type { RevocationStore } from '../engine/revocations.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Registry } from './registry.ts';
import type { Revoked } from './revoked.ts';

/** Milliseconds between two looks for revocations that are over. */
const TIDY = 60_000;

export interface RevokingOptions {
  readonly store: RevocationStore;
  readonly revoked: Revoked;
  readonly registry: Registry;
  readonly clock: Clock;
}

/** Brings what was revoked, on whichever node, to this node's connections. */
export class Revoking {
  readonly #options: RevokingOptions;
  #timer: Timer | undefined;

  constructor(options: RevokingOptions) {
    this.#options = options;
  }

  /** Learns what was revoked before this node started. */
  async start(): Promise<void> {
    const { store, revoked } = this.#options;
    for (const revocation of await store.all()) revoked.add(revocation);
    this.#tidyLater();
  }

  #tidyLater(): void {
    const { clock, revoked } = this.#options;
    this.#timer = clock.after(TIDY, () => {
      revoked.tidy();
      this.#tidyLater();
    });
  }

  /** A revocation took effect: connections whose token it covers are closed at once. */
  take({ revocation }: Extract<Signal, { type: 'revoke' }>): void {
    const { revoked, registry } = this.#options;
    revoked.add(revocation);
    for (const session of registry.all()) {
      if (session.state === 'connected' && revoked.covers(session.identity)) session.close('token_revoked');
    }
  }

  close(): void {
    this.#timer?.cancel();
  }
}
