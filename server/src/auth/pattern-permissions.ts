/** Permissions on all channels of a pattern at once. Pure functions. */

import type { Pattern } from '@sluice/protocol';
import type { Identity, Verb } from './identity.ts';

/** Does `wide` match every channel that `narrow` matches? */
export function coversPattern(wide: Pattern, narrow: Pattern): boolean {
  for (const [at, segment] of wide.segments.entries()) {
    const other = narrow.segments[at];
    if (other === undefined) return false;
    if (segment.kind === 'rest') return true;
    if (other.kind === 'rest') return false;
    if (segment.kind === 'literal' && !(other.kind === 'literal' && other.text === segment.text)) return false;
  }
  return wide.segments.length === narrow.segments.length;
}

/** Is there a channel that both patterns match? */
export function patternsOverlap(one: Pattern, other: Pattern): boolean {
  for (const [at, a] of one.segments.entries()) {
    const b = other.segments[at];
    if (b === undefined) return false;
    if (a.kind === 'rest' || b.kind === 'rest') return true;
    if (a.kind === 'literal' && b.kind === 'literal' && a.text !== b.text) return false;
  }
  return one.segments.length === other.segments.length;
}

/**
 * May this identity do this on every channel of the pattern? Only capabilities count: a rule can
 * grant something on its own channels only. A capability that denies it on some of the channels
 * denies it on the pattern.
 */
export function permitsPattern(identity: Identity, verb: Verb, pattern: Pattern): boolean {
  if (identity.trusted === true) return true;
  const { capabilities } = identity;
  if (capabilities.some(({ deny, pattern: denied }) => deny.has(verb) && patternsOverlap(denied, pattern)))
    return false;
  return capabilities.some(({ allow, pattern: allowed }) => allow.has(verb) && coversPattern(allowed, pattern));
}
