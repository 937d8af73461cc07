/** What says in full what went wrong, and what logs frames: a file of its own (entries.mjs), which hardly any page needs. */
export const loadDiagnostics = () => import('./diagnostics/diagnostics.ts');
