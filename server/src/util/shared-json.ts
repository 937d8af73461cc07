interface Shared {
  readonly value: object;
  json: string | undefined;
}

let shared: Shared | undefined;

/** `JSON.stringify`, once for all calls about a value that is shared at the moment. */
export function jsonOf(value: unknown): string {
  if (shared === undefined || shared.value !== value) return JSON.stringify(value);
  shared.json ??= JSON.stringify(value);
  return shared.json;
}

/**
 * Shares the JSON of a value while `run` works, for example while one payload is published on many
 * channels. The value must not change meanwhile. One value is shared at a time: of several, the
 * latest.
 */
export async function shareJson<T>(value: unknown, run: () => Promise<T>): Promise<T> {
  if (typeof value !== 'object' || value === null) return run();
  const own: Shared = { value, json: undefined };
  shared = own;
  try {
    return await run();
  } finally {
    if (shared === own) shared = undefined;
  }
}
