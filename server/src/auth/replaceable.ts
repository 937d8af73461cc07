import type { ApiKeyIdentity, ApiKeys } from './secrets.ts';
import type { Verifier } from './token.ts';

/** A verifier whose keys can be replaced while the gateway runs. */
export class ReplaceableVerifier implements Verifier {
  #current: Verifier;

  constructor(first: Verifier) {
    this.#current = first;
  }

  /** From now on tokens are verified by the other one. A verification that has begun is completed by the old one. */
  replace(next: Verifier): void {
    this.#current.close();
    this.#current = next;
  }

  verify(token: string): ReturnType<Verifier['verify']> {
    return this.#current.verify(token);
  }

  forget(token: string): void {
    this.#current.forget?.(token);
  }

  close(): void {
    this.#current.close();
  }
}

/** API keys that can be replaced while the gateway runs. */
export class ReplaceableApiKeys implements ApiKeys {
  #current: ApiKeys;

  constructor(first: ApiKeys) {
    this.#current = first;
  }

  replace(next: ApiKeys): void {
    this.#current = next;
  }

  find(presented: string): ApiKeyIdentity | null {
    return this.#current.find(presented);
  }
}
