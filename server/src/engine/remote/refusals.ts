import { EngineFull, EngineUnavailable } from '../engine.ts';

/** Errors that mean the same in another process; every other is a fault of the engine. */
const KNOWN: Readonly<Record<string, new (message: string) => Error>> = { EngineUnavailable, EngineFull };

/** The name by which an error crosses over. */
export function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Error';
  if (KNOWN[error.name] !== undefined) return error.name;
  return error instanceof EngineUnavailable ? 'EngineUnavailable' : 'Error';
}

/** The error that crossed over. */
export function toError(name: string, message: string): Error {
  const Known = KNOWN[name] ?? Error;
  return new Known(message);
}
