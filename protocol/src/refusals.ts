/**
 * Refusals that are the same in every server of the protocol: the gateway, the test double and the
 * tab gateway. Functions, so that a bundle contains only those that it uses.
 */

import type { ErrorName } from './codes.ts';

/** An entry of the catalogue, and what is wrong and where. */
export interface RefusalText {
  readonly error: ErrorName;
  readonly detail: string;
}

/** Formats a subscription: its channel, and its id if it has one. */
const named = (channel: string, sub: number | undefined): string =>
  sub === undefined ? `"${channel}"` : `"${channel}" with "sub" ${sub}`;

/** SPEC.md section 4.3. */
export const alreadySubscribed = (channel: string, sub?: number): RefusalText => ({
  error: 'already_subscribed',
  detail: `already subscribed to ${named(channel, sub)}`,
});

/** SPEC.md section 4.3. `who`: `user "ada"`. */
export const bindingMissing = (pattern: string, verb: string, who: string): RefusalText => ({
  error: 'binding_missing',
  detail: `no channel has all messages of "${pattern}" for ${who}. Add bind: ["${pattern}"] to the rule of a channel that allows "${verb}"`,
});

/** SPEC.md section 4.4. */
export const notSubscribed = (channel: string, sub?: number): RefusalText => ({
  error: 'not_subscribed',
  detail: `not subscribed to ${named(channel, sub)}`,
});

/** SPEC.md section 4.10. */
export const alreadyWatching = (channel: string): RefusalText => ({
  error: 'already_subscribed',
  detail: `already watching "${channel}"`,
});

/** SPEC.md section 4.11. */
export const notWatching = (channel: string): RefusalText => ({
  error: 'not_subscribed',
  detail: `not watching "${channel}"`,
});

/** SPEC.md section 11.1. */
export const alreadyResponding = (channel: string): RefusalText => ({
  error: 'already_subscribed',
  detail: `already responding on "${channel}"`,
});

/** SPEC.md section 11.2. */
export const notResponding = (channel: string): RefusalText => ({
  error: 'not_subscribed',
  detail: `not responding on "${channel}"`,
});

/** SPEC.md section 11.5. */
export const requestEnded = (request: string): RefusalText => ({
  error: 'request_ended',
  detail: `no open request "${printable(request)}" of this connection`,
});

/** SPEC.md section 4.9. */
export const notMember = (channel: string): RefusalText => ({
  error: 'not_member',
  detail: `this connection has not entered "${channel}"`,
});

/** SPEC.md section 4.13. */
export const alreadyConsuming = (channel: string, group: string): RefusalText => ({
  error: 'already_consuming',
  detail: `already consuming "${channel}" as the group "${group}"`,
});

/** SPEC.md section 4.14. */
export const notConsuming = (channel: string, group: string): RefusalText => ({
  error: 'not_consuming',
  detail: `not consuming "${channel}" as the group "${group}"`,
});

/** SPEC.md section 8.1. */
export const alreadyConnected = (): RefusalText => ({
  error: 'already_connected',
  detail: 'The connection is already authenticated.',
});

/** SPEC.md section 1.3. The server also closes the connection. */
export const connectRequired = (first: string): RefusalText => ({
  error: 'connect_required',
  detail: `the first command was "${first}"`,
});

/** SPEC.md section 8.1. */
export const unknownCommand = (type: string): RefusalText => ({
  error: 'command_unknown',
  detail: `there is no command "${printable(type)}"`,
});

/** SPEC.md section 3.2. */
export const unknownChannel = (channel: string): RefusalText => ({
  error: 'channel_unknown',
  detail: `no channel rule matches "${channel}". Add a rule to "channels" in the gateway's configuration, or correct the name.`,
});

/** Replaces what cannot be printed in a message that quotes a client's text, which must be bounded. */
export const printableMessage = (message: string): string => message.replace(/[^\x20-\x7e]/g, '?');

/** Shows the first 60 characters of a client's text, escaped. */
export function printable(text: string): string {
  return text.slice(0, 60).replace(/[^\x20-\x7e]|["\\]/g, '?') + (text.length > 60 ? '…' : '');
}
