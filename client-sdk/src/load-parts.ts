/** Loads presence and the delivery of backlogs, a separate file (entries.mjs). */
export const loadParts = () => import('./on-demand.ts');
