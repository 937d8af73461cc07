/** Loads the console texts and the frame log, a separate file (entries.mjs) that few pages need. */
export const loadDiagnostics = () => import('./diagnostics/diagnostics.ts');
