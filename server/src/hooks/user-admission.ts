import { type Identity, withAdded } from '../auth/identity.ts';
import type { Verifier } from '../auth/token.ts';
import { Refusal } from '../refusal.ts';
import { chain, type NowOrLater } from '../util/now-or-later.ts';
import type { Hooks } from './hooks.ts';

/**
 * Who a token stands for over HTTP. Each request is a connection of its own: after the token was
 * verified, the hook `connect` is asked, as for a WebSocket.
 */
export class UserAdmission {
  readonly #verifier: Verifier;
  readonly #hooks: Hooks;

  constructor(verifier: Verifier, hooks: Hooks) {
    this.#verifier = verifier;
    this.#hooks = hooks;
  }

  /** The user, with what the hook has added for the hooks that are asked later. */
  verify(token: string): NowOrLater<Identity | Refusal> {
    return chain(this.#verifier.verify(token), (verification) =>
      verification.ok ? this.#ask(verification.identity) : new Refusal(verification.error, verification.message),
    );
  }

  #ask(by: Identity): NowOrLater<Identity | Refusal> {
    return chain(this.#hooks.ask({ kind: 'connect', by, asker: by }), (verdict) => {
      if (verdict instanceof Refusal) return verdict;
      // `info` is for members: nobody becomes one over HTTP.
      return verdict?.meta === undefined ? by : withAdded(by, { meta: verdict.meta });
    });
  }
}
