/** Queues and consumer groups of channel rules: from the configuration's input to the resolved groups. */

import { isChannelName, matchPattern, type Pattern } from '@sluice/protocol';
import type { DeliveryRule, GroupRule, QueueRule, Rule } from '../rule.ts';
import { GROUP_OPTIONS, QUEUE_OPTIONS, USER_GROUP_EXPIRES } from './group-options.ts';
import { checkOverlap } from './group-overlap.ts';
import type { InferOptions } from './options/option.ts';
import { isPlain, type Path, type Problems } from './problems.ts';
import { readTable } from './read-table.ts';

/** Where the rule is, and what is known about it. */
export interface GroupContext {
  readonly path: Path;
  readonly problems: Problems;
  readonly pattern: Pattern;
  readonly hasHistory: boolean;
}

/** The name of a queue's group. */
const QUEUE_GROUP = 'queue';

type Delivery = Pick<
  InferOptions<typeof QUEUE_OPTIONS>,
  'ackTimeout' | 'maxDeliveries' | 'backoff' | 'deadLetter' | 'orderBy' | 'prefetch' | 'maxUnacked'
>;

/** Reads `queue` and `groups` of a rule. */
export function readGroups(
  { queue, groups, only }: { queue?: unknown; groups?: unknown; only?: unknown },
  context: GroupContext,
): Pick<Rule, 'queue' | 'groups'> {
  if (only !== undefined && (groups !== undefined || (queue !== undefined && queue !== false))) {
    context.problems.add(
      [...context.path, 'only'],
      'does not apply to consumers. Remove it, or use a channel without queue and groups',
    );
  }
  if (queue !== undefined && queue !== false) {
    checkQueue(groups, context);
    return readQueue(queue, context);
  }
  const entries = isPlain(groups) ? Object.entries(groups).filter(([, value]) => value !== undefined) : [];
  if (entries.length > 0 && !context.hasHistory) {
    context.problems.add(
      [...context.path, 'groups'],
      'need history: a group reads messages from the log. Add "history", or use "queue"',
    );
  }
  const read = entries.map(([name, value]) => readGroup(name, value, context));
  checkOverlap(read, [...context.path, 'groups'], context.problems);
  return { queue: null, groups: read };
}

function checkQueue(groups: unknown, { path, problems, hasHistory }: GroupContext): void {
  if (hasHistory) {
    problems.add(
      [...path, 'queue'],
      'does not go with history: a message leaves a queue once it is acknowledged. Remove "history", or use "groups"',
    );
  }
  if (groups !== undefined) {
    problems.add([...path, 'groups'], 'do not go with queue, which has one group. Remove one of them');
  }
}

function readQueue(value: unknown, { path, ...context }: GroupContext): { queue: QueueRule; groups: GroupRule[] } {
  const at = { path: [...path, 'queue'], problems: context.problems };
  const options = readTable(QUEUE_OPTIONS, value === true ? {} : value, at);
  const delivery: DeliveryRule = { ...deliveryOf(options), start: 'oldest', queue: true, expires: null };
  return {
    queue: { group: QUEUE_GROUP, maxLength: options.maxLength, overflow: options.overflow },
    groups: [readShared(QUEUE_GROUP, { options, delivery }, { ...context, path: at.path })],
  };
}

const NAME = /^[A-Za-z0-9_\-.~@$=+,]+$/;

function readGroup(name: string, value: unknown, { path, ...context }: GroupContext): GroupRule {
  const at = { path: [...path, 'groups', name], problems: context.problems };
  if (name.length > 64 || !NAME.test(name.replace('{sub}', 'sub'))) {
    const fix = 'Use up to 64 characters of A-Z a-z 0-9 _ - . ~ @ $ = + , and at most one {sub}';
    context.problems.add(at.path, `is not a name for a group. ${fix}`);
  }
  const options = readTable(GROUP_OPTIONS, value, at);
  const { start, expires = isPerUser(name) ? USER_GROUP_EXPIRES : null } = options;
  if (expires !== null && expires <= options.ackTimeout)
    context.problems.add([...at.path, 'expires'], 'must be longer than ackTimeout, for which a consumer may be silent');
  const delivery: DeliveryRule = { ...deliveryOf(options), start, queue: false, expires };
  return readShared(name, { options, delivery }, { ...context, path: at.path });
}

const isPerUser = (name: string): boolean => name.includes('{sub}');

/** Settled messages that the log of a queue keeps behind one that is not settled. */
const MAX_SETTLED = 10_000;

const deliveryOf = ({ ackTimeout, maxDeliveries, backoff, orderBy, maxUnacked }: Delivery) => ({
  ...{ ackTimeout, maxDeliveries, backoff, maxUnacked, maxSettled: MAX_SETTLED },
  orderBy: readOrder(orderBy),
});

function readOrder(text: string | undefined): DeliveryRule['orderBy'] {
  if (text === undefined) return null;
  return text === 'all' ? { kind: 'all' } : { kind: 'tag', tag: text.slice('tag:'.length) };
}

function readShared(
  name: string,
  { options, delivery }: { options: Delivery; delivery: DeliveryRule },
  { path, problems, pattern }: Omit<GroupContext, 'hasHistory'>,
): GroupRule {
  const { prefetch, deadLetter = null, maxUnacked } = options;
  if (prefetch > maxUnacked) {
    problems.add([...path, 'prefetch'], `is larger than maxUnacked, ${maxUnacked}. Lower it, or raise maxUnacked`);
  }
  const fault = deadLetter === null ? null : deadLetterFault(deadLetter, pattern);
  if (fault !== null) problems.add([...path, 'deadLetter'], fault);
  return { name, delivery, prefetch, deadLetter: fault === null ? deadLetter : null };
}

const PARAM = /\{(\w+)\}/g;
/** Stands for the value of a param where a channel is checked. */
const ANY_VALUE = 'x';

/** A channel that a dead letter could be published to. */
const exampleOf = (deadLetter: string): string => deadLetter.replaceAll(PARAM, ANY_VALUE);

function deadLetterFault(deadLetter: string, pattern: Pattern): string | null {
  const params = pattern.segments.flatMap((segment) => (segment.kind === 'param' ? [segment.name] : []));
  const unknown = [...deadLetter.matchAll(PARAM)].find(([, name = '']) => !params.includes(name));
  if (unknown !== undefined) {
    const known =
      params.length === 0 ? 'It has no params' : `Its params are ${params.map((name) => `{${name}}`).join(', ')}`;
    return `uses ${unknown[0]}, which the pattern "${pattern.source}" does not have. ${known}`;
  }
  const example = exampleOf(deadLetter);
  if (!isChannelName(example)) return 'is not a channel. Write a name like "dead:{kind}"';
  if (matchPattern(pattern, example) === null) return null;
  return `matches its own rule, "${pattern.source}". Choose a channel of another rule`;
}

/** Every channel for dead letters needs a rule: without one, publishing to it would be refused. */
export function checkDeadLetters(rules: readonly Rule[], problems: Problems): void {
  for (const { pattern, queue, groups } of rules) {
    for (const { name, deadLetter } of groups) {
      if (deadLetter === null) continue;
      const example = exampleOf(deadLetter);
      if (rules.some((rule) => matchPattern(rule.pattern, example) !== null)) continue;
      const place = queue === null ? ['groups', name] : ['queue'];
      problems.add(
        ['channels', pattern.source, ...place, 'deadLetter'],
        `"${deadLetter}" matches no rule. Add a rule for it`,
      );
    }
  }
}
