import { readSegment, segment } from '@sluice/protocol';
import { type Identity, isBackend } from '../auth/identity.ts';
import type { RuleMatch } from '../channels/rules.ts';
import type { GroupRef } from '../engine/groups.ts';
import { Refusal } from '../refusal.ts';
import type { GroupRule } from '../rule.ts';

/** A consumer group that someone may use. */
export interface GroupTarget {
  readonly ref: GroupRef;
  readonly rule: GroupRule;
}

const USER = '{sub}';

const isPerUser = ({ name }: GroupRule): boolean => name.includes(USER);

/**
 * Finds the group that a consumer names.
 *
 * @param name absent: the channel's only group, other than those of bridges. A group per user is named as in the rule, or with the
 *   user in it; users can only use their own, backends any.
 */
export function findGroup(
  { rule }: Pick<RuleMatch, 'rule'>,
  identity: Identity,
  { channel, group: name }: { channel: string; group?: string | undefined },
): GroupTarget | Refusal {
  const { groups } = rule;
  const found = name === undefined ? onlyGroup(groups) : ruleOfGroup(groups, name);
  if (found === undefined) return new Refusal('group_unknown', `"${channel}" ${whyNotFound(groups, name)}`);
  if (!isPerUser(found)) return { ref: { channel, group: found.name }, rule: found };
  const escaped = name === undefined || name === found.name ? null : escapedName(found, name);
  if (escaped !== null) {
    const fix = `Characters that a channel name cannot have are escaped: "${escaped}"`;
    return new Refusal('group_unknown', `"${channel}" has no group of this name. ${fix}`);
  }
  const group = ownGroup(found, identity, name);
  if (group !== null) return { ref: { channel, group }, rule: found };
  return new Refusal('permission_denied', `the group "${found.name}" of "${channel}" belongs to another user`).advise(
    'Name the group as in the rule, or leave the user out: then it is your own.',
  );
}

const isOfBridge = ({ bridge }: GroupRule): boolean => bridge !== undefined;

/** Whoever names no group does not mean that of a bridge. */
function onlyGroup(groups: readonly GroupRule[]): GroupRule | undefined {
  const first = groups.findIndex((group) => !isOfBridge(group));
  const isOnly = groups.every((group, at) => at <= first || isOfBridge(group));
  return isOnly ? groups[first] : undefined;
}

/** Why nobody but a bridge receives messages of a group; `null`: others may. */
export function refuseGroupOfBridge({ ref: { channel, group }, rule: { bridge } }: GroupTarget): Refusal | null {
  if (bridge === undefined) return null;
  return new Refusal(
    'permission_denied',
    `only the bridge "${bridge}" consumes the group "${group}" of "${channel}"`,
  ).advise('Add a group to the rule of the channel, and consume that one.');
}

function whyNotFound(all: readonly GroupRule[], name: string | undefined): string {
  const groups = all.filter((group) => !isOfBridge(group));
  const names = groups.map((group) => `"${group.name}"`).join(', ');
  if (groups.length === 0) return 'is not a queue, and has no consumer groups';
  return name === undefined
    ? `has several groups; name one of ${names}`
    : `has no group of this name; its groups are ${names}`;
}

function isNamed(rule: GroupRule, name: string): boolean {
  if (!isPerUser(rule) || name === rule.name) return name === rule.name;
  const [start, end] = around(rule);
  return name.length > start.length + end.length && name.startsWith(start) && name.endsWith(end);
}

/** What is before the user in the name of a group, and what is after. */
function around({ name }: GroupRule): readonly [start: string, end: string] {
  const [start = '', end = ''] = name.split(USER);
  return [start, end];
}

/** The name of a user's group. Not with a text as replacement: `$$` would become `$`. */
const nameFor = ({ name }: GroupRule, user: string): string => name.replace(USER, () => segment(user));

/** The name that was probably meant by one that no user's group has; `null`: it is the name of one. */
function escapedName(rule: GroupRule, name: string): string | null {
  const [start, end] = around(rule);
  const user = readSegment(name.slice(start.length, name.length - end.length)).toWellFormed();
  const own = nameFor(rule, user);
  return own === name ? null : own;
}

/** The group of a user; `null`: not the identity's. */
function ownGroup(rule: GroupRule, identity: Identity, name: string | undefined): string | null {
  const { user } = identity;
  if (user === null) return isBackend(identity) && name !== undefined && name !== rule.name ? name : null;
  const own = nameFor(rule, user);
  return name === undefined || name === rule.name || name === own ? own : null;
}

/** The rule of a group that exists, by its name; `undefined`: the configuration has none any more. */
export const ruleOfGroup = (groups: readonly GroupRule[], name: string): GroupRule | undefined =>
  groups.find((rule) => rule.name === name) ?? groups.find((rule) => isPerUser(rule) && isNamed(rule, name));
