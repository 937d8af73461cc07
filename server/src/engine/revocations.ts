/**
 * Tokens that are not believed any more, though they have not expired: those to which everything applies that is given.
 * At least one of `user`, `jti` and `before` is.
 */
export interface Revocation {
  /** Of this user (`sub`). */
  readonly user?: string;
  /** With this id. */
  readonly jti?: string;
  /**
   * Issued (`iat`) before this time; milliseconds since the Unix epoch. A token without `iat`
   * counts as issued before.
   */
  readonly before?: number;
  /** When the revocation can be forgotten, because all its tokens have expired; milliseconds since the Unix epoch. */
  readonly until: number;
}

/**
 * What was revoked, for as long as it matters.
 *
 * A promise that rejects, with `EngineUnavailable`, means that the operation was not carried out.
 */
export interface RevocationStore {
  /**
   * Remembers a revocation, once however often it is added, and signals it to all nodes, this one
   * included. Rejects when it is not surely remembered.
   */
  add(revocation: Revocation): void | Promise<void>;
  /** Those that are in force: their `until` has not come. */
  all(): readonly Revocation[] | Promise<readonly Revocation[]>;
  /**
   * A page of those that are in force, those that end first come first. Its cost does not depend on
   * how many there are.
   *
   * @param after the `next` of the page before; '': the first page
   */
  page(after: string, limit: number): RevocationsPage | Promise<RevocationsPage>;
}

export interface RevocationsPage {
  readonly revocations: readonly Revocation[];
  /** Absent on the last page. */
  readonly next?: string;
}

/** Equal for two equal revocations. */
export const textOfRevocation = ({ user, jti, before, until }: Revocation): string =>
  JSON.stringify([user, jti, before, until]);
