/**
 * What a client loads by itself when it is first used: presence, and the backlog of a subscription that joins another one.
 * Importing it puts it into your own bundle, so that it is there without a network, too.
 *
 * @packageDocumentation
 */
export { deliverBacklog } from './backlog.ts';
export { actions, observePresence, viewMembers } from './presence/actions.ts';
