import type { loadDiagnostics as load } from '../load-diagnostics.ts';

/** Replaces `load-diagnostics.ts` in the worker: the tabs report errors, and nothing is loaded lazily. */
export const loadDiagnostics: typeof load = () => Promise.reject(new Error('not in a worker'));
