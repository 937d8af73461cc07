import type { Signal } from '../engine/engine.ts';
import type { RevocationStore } from '../engine/revocations.ts';
import type { Registry } from './registry.ts';
import type { Revoked } from './revoked.ts';

export interface RevokingOptions {
  readonly store: RevocationStore;
  readonly revoked: Revoked;
  readonly registry: Registry;
}

/** Applies revocations from all nodes to the connections of this node. */
export class Revoking {
  readonly #options: RevokingOptions;

  constructor(options: RevokingOptions) {
    this.#options = options;
  }

  /** Reads the revocations from before this node started. */
  async start(): Promise<void> {
    const { store, revoked } = this.#options;
    for (const revocation of await store.all()) revoked.add(revocation);
  }

  /** A revocation took effect: connections whose token it covers are closed at once. */
  take({ revocation }: Extract<Signal, { type: 'revoke' }>): void {
    const { revoked, registry } = this.#options;
    revoked.tidy(); // here, because it grows only here
    revoked.add(revocation);
    const { user } = revocation;
    for (const session of user === undefined ? registry.all() : registry.users.all(user)) {
      if (session.state === 'connected' && revoked.covers(session.identity)) session.close('token_revoked');
    }
  }
}
