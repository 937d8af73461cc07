import type { Cancel } from './timer.ts';

/** Listens to a signal, where there is one. */
export function onAbort(signal: AbortSignal | undefined, abort: () => void): Cancel {
  signal?.addEventListener('abort', abort);
  return () => signal?.removeEventListener('abort', abort);
}
