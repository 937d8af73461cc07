/** The record cannot be mapped, now or later. The message does not repeat its body. */
export class Unmappable extends Error {
  override readonly name = 'Unmappable';
}

/**
 * Why a record cannot be read, for an error of any kind. None may end the connection: the record would
 * come again with the next one, and the bridge would never get past it.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof Unmappable) return error.message;
  if (error instanceof RangeError) return 'it is nested too deep, or too large';
  // The message of an unexpected error may quote the body.
  return `it cannot be read (${error instanceof Error ? error.name : typeof error})`;
}
