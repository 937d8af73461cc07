import { createHash } from 'node:crypto';
import { type Identity, lastingClaims } from '../auth/identity.ts';

const known = new WeakMap<Identity, string>();

/** A text that is equal for identities with equal claims, whatever the times of their tokens. */
export function identityKey(identity: Identity): string {
  let key = known.get(identity);
  if (key === undefined) {
    key = digest([identity.user, lastingClaims(identity), identity.added?.meta ?? null]);
    known.set(identity, key);
  }
  return key;
}

/** A short text that is equal for equal JSON values, whatever the order of their fields. */
export const digest = (value: unknown): string => createHash('sha256').update(sortedJson(value)).digest('base64');

const sortedJson = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
