import type { Cancel } from './timer.ts';

/** Listens to a signal, if there is one. */
export function onAbort(signal: AbortSignal | undefined, abort: () => void): Cancel {
  signal?.addEventListener('abort', abort);
  return () => signal?.removeEventListener('abort', abort);
}
