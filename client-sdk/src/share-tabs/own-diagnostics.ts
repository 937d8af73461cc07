import type { loadDiagnostics as load } from '../load-diagnostics.ts';

/** Stands in the worker for `load-diagnostics.ts`: what goes wrong there is told to the tabs, and nothing is loaded lazily. */
export const loadDiagnostics: typeof load = () => Promise.reject(new Error('not in a worker'));
