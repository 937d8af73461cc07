import type { Identity } from '../auth/identity.ts';
import type { ApiKeys } from '../auth/secrets.ts';
import { Refusal } from '../refusal.ts';
import type { RequestHead, Sender } from '../transport/http.ts';
import type { NowOrLater } from '../util/now-or-later.ts';

const BEARER = /^Bearer +(\S+) *$/i;

/** The credentials of a request: a token or an API key. */
export const presentedIn = ({ headers }: RequestHead): string | undefined =>
  BEARER.exec(headers.get('authorization') ?? '')?.[1];

/** Accepts the tokens of users. */
export interface TokenVerifier {
  /** Who the token stands for; a refusal if it is invalid, or if a hook refuses the user. */
  verify(token: string): NowOrLater<Identity | Refusal>;
}

/** Refuses what needs another API key than the caller has, or any. */
export const needsKey = (detail = 'this needs an API key without "caps"'): Refusal =>
  new Refusal('permission_denied', detail).advise('Send the API key of a backend that may do this ("apiKeys").');

/** A token has three parts. Anything else can only be an API key. */
const isToken = (presented: string): boolean => presented.split('.', 4).length === 3;

/**
 * A quick check: verifying a token takes longer than comparing an API key. `null`: there are no
 * credentials.
 */
export function senderOf(head: RequestHead, apiKeys: ApiKeys): Sender | null {
  const presented = presentedIn(head);
  if (presented === undefined) return null;
  if (apiKeys.find(presented) !== null) return 'known';
  return isToken(presented) ? 'claimed' : null;
}

/**
 * Authenticates the caller by an API key or a token, as `Authorization: Bearer …`. RFC 6750 section
 * 2.1.
 */
export async function authenticate(
  request: RequestHead,
  { apiKeys, verifier }: { apiKeys: ApiKeys; verifier: TokenVerifier },
): Promise<Identity | Refusal> {
  const presented = presentedIn(request);
  if (presented === undefined) return new Refusal('unauthorized');
  const key = apiKeys.find(presented);
  if (key !== null) return key;
  if (!isToken(presented)) return new Refusal('unauthorized', 'the API key is unknown');
  return verifier.verify(presented);
}
