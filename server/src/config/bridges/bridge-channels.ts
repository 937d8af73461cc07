/** The channels of bridges: each needs a rule, and those that are sent a consumer group in it. */

import { intersectPatterns, isChannelName, matchPattern } from '@sluice/protocol';
import { groupOfBridge, type InboundBridge, type OutboundBridge } from '../../bridge.ts';
import type { GroupRule, Rule } from '../../rule.ts';
import type { Path, Problems } from '../problems.ts';
import { MINUTE } from '../values.ts';

/** For how long a message may wait to be sent and be unconfirmed; the runner allows a minute for each. */
const ACK_TIMEOUT = 3 * MINUTE;

const PLACEHOLDER = /\{[^{}]*\}/g;

type Start = GroupRule['delivery']['start'];

/** Gives the rule of the channel the consumer group of the bridge. */
export function addGroup(
  rules: Rule[],
  { bridge, start }: { bridge: OutboundBridge; start: Start },
  problems: Problems,
): void {
  const { channel } = bridge.from;
  const path = ['bridges', bridge.name, 'from', 'channel'];
  const at = rules.findIndex(({ pattern }) => matchPattern(pattern, channel) !== null);
  const rule = rules[at];
  if (channel === '') return;
  if (!isChannelName(channel)) problems.add(path, noChannel(channel));
  else if (rule === undefined) problems.add(path, `"${channel}" matches no rule. Add a rule for it`);
  else if (rule.history === null) {
    problems.add(
      path,
      `"${channel}" has no history, so nothing could be sent after an outage. Add "history" to its rule`,
    );
  } else rules[at] = { ...rule, groups: [...rule.groups, groupRuleOf(bridge, start)] };
}

/** Of a pattern, or of a template, there would never be a message. */
const noChannel = (channel: string): string => {
  const pattern = channel.replaceAll(PLACEHOLDER, '*');
  const example = pattern.includes('*') ? pattern : 'orders:*';
  return `is not a channel. A bridge sends one channel; to send several, add a channel with bind: ["${example}"]`;
};

const groupRuleOf = ({ name, inFlight }: OutboundBridge, start: Start): GroupRule => ({
  ...{ name: groupOfBridge(name), bridge: name },
  prefetch: inFlight,
  deadLetter: null,
  delivery: {
    ...{
      ackTimeout: ACK_TIMEOUT,
      maxDeliveries: 0,
      backoff: [],
      orderBy: null,
      maxUnacked: 2 * inFlight, // as many are claimed ahead
      maxSettled: inFlight,
    },
    ...{ start, queue: false, expires: null },
  },
});

/**
 * What a template can become: each segment with a placeholder is any segment. One that is nothing but
 * a placeholder can become any channel.
 */
const patternOf = (template: string): string =>
  /^\{[^{}]*\}$/.test(template)
    ? '**'
    : template
        .replaceAll(PLACEHOLDER, '*')
        .split(':')
        .map((segment) => (segment.includes('*') ? '*' : segment))
        .join(':');

/** What is wrong with the template of a channel; `null`: nothing. */
function faultOfChannel(rules: readonly Rule[], template: string): string | null {
  const filled = template.replaceAll(PLACEHOLDER, 'x');
  if (/[{}]/.test(filled)) return null; // reported as a fault of the template
  if (!isChannelName(filled)) return `"${template}" ${NO_NAME}`;
  const pattern = patternOf(template);
  const isPossible = rules.some((rule) => intersectPatterns(rule.pattern.source, pattern) !== null);
  return isPossible ? null : `"${template}" matches no rule. Add a rule for it`;
}

const NO_NAME =
  'is not the name of a channel, whatever its placeholders become. Use segments with ":" between them, of the characters A-Z a-z 0-9 _ - . ~ @ $ = + , and placeholders';

/** A rule must match the channels of a bridge, and that for dead letters. */
export function checkChannels(rules: readonly Rule[], bridge: InboundBridge, problems: Problems): void {
  const { name, poison, to } = bridge;
  const check = (channel: string, path: Path) => {
    const fault = channel === '' ? null : faultOfChannel(rules, channel);
    if (fault !== null) problems.add(path, fault);
  };
  check(to.channel, ['bridges', name, 'to', 'channel']);
  if (poison.kind === 'deadLetter' && isChannelName(poison.channel))
    check(poison.channel, ['bridges', name, 'poison', 'deadLetter']);
}
