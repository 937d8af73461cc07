/** What is loaded when it is first used, as a file of its own (entries.mjs): presence, and the backlog of those who join late. */
export const loadParts = () => import('./on-demand.ts');
