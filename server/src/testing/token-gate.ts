import type { Verifier } from '../auth/token.ts';

/** Wraps the gateway's verifier, and rejects tokens as expired at a test's request. */
export class TokenGate {
  readonly #shown = new Map<string, Set<string>>();
  readonly #expired = new Set<string>();

  guard(verifier: Verifier): Verifier {
    return {
      verify: async (token) => {
        if (this.#expired.has(token)) {
          return {
            ok: false,
            error: 'token_expired',
            message: 'The token has expired: the test called faults.expireToken().',
          };
        }
        const verification = await verifier.verify(token);
        if (verification.ok && verification.identity.user !== null) this.#note(verification.identity.user, token);
        return verification;
      },
      close: () => verifier.close(),
    };
  }

  /** Rejects every token that the user has presented so far. */
  expire(user: string): void {
    for (const token of this.#shown.get(user) ?? []) this.#expired.add(token);
  }

  #note(user: string, token: string): void {
    const shown = this.#shown.get(user) ?? new Set();
    this.#shown.set(user, shown.add(token));
  }
}
