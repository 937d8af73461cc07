import { permits } from '../auth/acl.ts';
import type { Identity, Verb } from '../auth/identity.ts';
import { Refusal } from './refusal.ts';
import type { RuleMatch, Rules } from './rules.ts';

/**
 * May this identity do this on this channel?
 *
 * @returns the channel's rule, or a refusal that names verb and channel, and nothing about whether the channel has members or history
 */
export function authorize(rules: Rules, identity: Identity, verb: Verb, channel: string): RuleMatch | Refusal {
  const match = rules.match(channel);
  if (match === null) return new Refusal('channel_unknown', `no channel rule matches "${channel}"`);
  if (permits(identity, verb, channel, match.rule, match.params)) return match;
  return new Refusal('permission_denied', `"${verb}" on "${channel}" is not allowed to ${nameOf(identity)}`);
}

function nameOf({ user, name }: Identity): string {
  if (name !== undefined) return `the API key "${name}"`;
  return user === null ? 'an anonymous connection' : `user "${user}"`;
}
