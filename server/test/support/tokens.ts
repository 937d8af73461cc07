import { mintToken } from '../../src/auth/mint.ts';

/** The secret of every test's gateway. */
export const SECRET = 'a secret that only tests know, long enough for HS512 to be content with it too';

export interface TokenOptions {
  readonly caps?: Record<string, readonly string[]>;
  readonly claims?: Record<string, unknown>;
  /** Milliseconds. */
  readonly expiresIn?: number;
  readonly clock?: () => number;
  readonly secret?: string;
}

/** A token for a test user. */
export function tokenFor(sub: string, options: TokenOptions = {}): Promise<string> {
  return mintToken({ secret: SECRET, algorithm: 'HS256', expiresIn: 3_600_000, sub, ...options });
}
