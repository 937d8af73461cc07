/**
 * Code that the client loads on first use: presence, and the backlog of a subscription that joins
 * another one. Import it to add it to your own bundle, so that it also works offline.
 *
 * @packageDocumentation
 */
export { deliverBacklog } from './backlog.ts';
export { presence } from './presence/presence-calls.ts';
