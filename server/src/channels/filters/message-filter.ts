import { createHash } from 'node:crypto';
import { type Conditions, filterKey } from '@sluice/protocol';

/** The filter of a subscription. */
export interface MessageFilter {
  readonly conditions: Conditions;
  /** Equal exactly for filters with the same meaning; short, because it is part of topics. */
  readonly key: string;
}

/** Bytes of the hash in a filter's key: nobody finds a second filter with the same key. */
const HASH_BYTES = 16;

/** @returns `null` if every message fulfils the conditions */
export function messageFilter(conditions: Conditions): MessageFilter | null {
  const text = filterKey(conditions);
  if (text === '') return null;
  const hash = createHash('sha256').update(text).digest().subarray(0, HASH_BYTES);
  return { conditions, key: hash.toString('base64url') };
}
