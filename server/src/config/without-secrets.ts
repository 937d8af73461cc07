const SECRET = /(?:secret|password|pem|privateKey|authorization)s?$/i;
const HIDDEN = '(hidden)';

/**
 * Hides whatever has the name of a secret, at any depth: a second net under `describeConfig`, for
 * options that it does not know yet.
 */
export function withoutSecrets(value: unknown, isSecret = false): unknown {
  if (typeof value === 'string' && isSecret) return HIDDEN;
  if (Array.isArray(value)) return value.map((inner) => withoutSecrets(inner, isSecret));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, withoutSecrets(inner, SECRET.test(name))]),
  );
}
