import { createHash } from 'node:crypto';
import { type Identity, lastingClaims } from '../auth/identity.ts';

const known = new WeakMap<Identity, string>();

/** A text that is equal for identities with equal claims, whatever the times of their tokens. */
export function identityKey(identity: Identity): string {
  let key = known.get(identity);
  if (key === undefined) {
    const text = sortedJson([identity.user, lastingClaims(identity), identity.added?.meta ?? null]);
    key = createHash('sha256').update(text).digest('base64');
    known.set(identity, key);
  }
  return key;
}

const sortedJson = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
