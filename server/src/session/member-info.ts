import { checkData, type Json } from '@sluice/protocol';
import type { Identity } from '../auth/identity.ts';
import { Refusal } from '../refusal.ts';

/** Most bytes of the token's `info` claim, as JSON. */
const MOST_INFO = 1024;

/** Each token is checked once. */
const checked = new WeakMap<Identity['claims'], { readonly problem: Refusal | null }>();

/** The claim `info`, which members show. */
export const infoOf = ({ claims }: Identity): Json | undefined => claims.info as Json | undefined;

/**
 * What is wrong with the token's `info`: the issuer may put anything into it, but every client must
 * be able to decode it. SPEC.md section 3.3.
 */
export function infoProblem({ claims }: Identity): Refusal | null {
  let found = checked.get(claims);
  if (found === undefined) {
    const info = claims.info as Json | undefined;
    found = { problem: info === undefined ? null : problemOf(info) };
    checked.set(claims, found);
  }
  return found.problem;
}

function problemOf(info: Json): Refusal | null {
  const fault = checkData(info);
  if (fault !== null) return new Refusal('payload_invalid', fault.replace(/^data/, 'the claim "info"'));
  return tooLarge('the claim "info"', info, MOST_INFO);
}

/** A refusal if a value that members show has too many bytes. */
export function tooLarge(what: string, value: Json, most: number): Refusal | null {
  const size = Buffer.byteLength(JSON.stringify(value));
  return size <= most
    ? null
    : new Refusal('payload_too_large', `${what} has ${size} bytes as JSON; the gateway accepts at most ${most}`);
}
