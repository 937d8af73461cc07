/** Channel rules: from the configuration's input to the resolved rules. */

import { comparePatterns, type Pattern, PatternError, parsePattern, patternsCollide } from '@sluice/protocol';
import type { Channels, GrantFunction } from '@sluice/protocol/contracts';
import { type Grant, type Grants, parseGrant } from '../auth/acl.ts';
import { VERBS, type Verb, WILDCARD_VERBS } from '../auth/identity.ts';
import type { LatestBy, RequestsRule, Rule, ScheduleRule, TtlRule } from '../rule.ts';
import { checkBindings, readBind } from './bindings.ts';
import {
  CHANNEL_OPTIONS,
  HISTORY_OPTIONS,
  PAYLOAD_DEFAULT,
  PRESENCE_OPTIONS,
  REQUESTS_OPTIONS,
  SCHEDULE_OPTIONS,
  TTL_OPTIONS,
} from './channel-options.ts';
import { mergeRules, schemasOf } from './contracts.ts';
import { checkCycles } from './dead-letter-cycles.ts';
import { checkDeadLetters, readGroups } from './group-rules.ts';
import { readOnly } from './only.ts';
import type { InferOptions } from './options/option.ts';
import { isPlain, type Path, type Problems, suggest } from './problems.ts';
import { readTable } from './read-table.ts';

type RuleSettings = InferOptions<typeof CHANNEL_OPTIONS>;

function readPattern(source: string, problems: Problems): Pattern | undefined {
  try {
    return parsePattern(source);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    problems.add(['channels', source], `${error.message}. Write a pattern like "chat:{room}"`);
    return undefined;
  }
}

function readGrants(
  path: Path,
  value: unknown,
  { pattern, problems }: { pattern: Pattern; problems: Problems },
): Grant[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.flatMap((source) => {
    if (typeof source !== 'string' && typeof source !== 'function') {
      problems.add(path, 'must be a grant or a list of grants. Example: users, "role:admin", "owner:{userId}"');
      return [];
    }
    try {
      return [parseGrant(source as string | GrantFunction, pattern)];
    } catch (error) {
      problems.add(path, error instanceof Error ? error.message : String(error));
      return [];
    }
  });
}

const isVerb = (name: string): name is Verb => (VERBS as readonly string[]).includes(name);

function readAllow(
  path: Path,
  allow: Record<string, unknown>,
  around: { pattern: Pattern; problems: Problems },
): Grants {
  const grants: Partial<Record<Verb, readonly Grant[]>> = {};
  for (const [name, value] of Object.entries(allow)) {
    if (value === undefined) continue;
    const at = [...path, name];
    if (name !== '*' && !isVerb(name)) {
      around.problems.add(at, `is not a verb. ${suggest(name, [...VERBS, '*'])}`);
      continue;
    }
    const list = readGrants(at, value, around);
    for (const verb of name === '*' ? WILDCARD_VERBS : [name as Verb])
      grants[verb] = [...(grants[verb] ?? []), ...list];
  }
  return grants;
}

const NO_RULE = 'must be an object. Example: { allow: { subscribe: users, publish: users } }';

function readRule(source: string, value: unknown, { maxFrame, problems, ...context }: ReadContext): Rule | undefined {
  const path = context.written.includes(source) ? ['channels', source] : ['contracts', source, 'rule'];
  const pattern = readPattern(source, problems);
  const isRule = isPlain(value ?? {});
  if (!isRule) problems.add(path, NO_RULE);
  const rule = readTable(CHANNEL_OPTIONS, isRule ? value : {}, { path, problems });
  if (pattern === undefined) return undefined;
  const history = keepsHistory(value)
    ? readTable(HISTORY_OPTIONS, rule.history === true ? {} : rule.history, { path: [...path, 'history'], problems })
    : null;
  const { from, dedupe, coalesce, slow = history === null ? 'drop' : 'replay' } = rule;
  const { maxPayload = Math.min(PAYLOAD_DEFAULT, maxFrame) } = rule;
  const settled = { ...rule, history, slow, maxPayload };
  checkTogether(settled, { path, maxFrame, problems });
  return {
    pattern,
    allow: readAllow([...path, 'allow'], rule.allow ?? {}, { pattern, problems }),
    history,
    from,
    slow,
    latestBy: readLatestBy(rule.latestBy),
    bind: readBind(rule.bind ?? [], { pattern, path: [...path, 'bind'], problems }),
    only: readOnly(rule.only, [...path, 'only'], problems),
    rate: rule.rate === undefined ? null : { perSecond: rule.rate, burst: rule.rate * BURST },
    presence: readTable(PRESENCE_OPTIONS, rule.presence, { path: [...path, 'presence'], problems }),
    schedule: readSchedule(rule.schedule, { path: [...path, 'schedule'], problems }),
    ttl: readTtl(rule.ttl, { path: [...path, 'ttl'], problems }),
    requests: readRequests(rule.requests, { path: [...path, 'requests'], problems }),
    ...(rule.respond !== undefined && { respond: rule.respond }),
    maxPayload,
    dedupe,
    coalesce,
    ...readGroups(rule, { path, problems, pattern, hasHistory: history !== null }),
    schemas: schemasOf(context.contracts[source]),
  };
}

const readSchedule = (input: unknown, at: { path: Path; problems: Problems }): ScheduleRule | null =>
  input == null ? null : readTable(SCHEDULE_OPTIONS, input, at);

function readTtl(input: unknown, at: { path: Path; problems: Problems }): TtlRule | null {
  if (input == null) return null;
  const { default: usual = null, max } = readTable(TTL_OPTIONS, input, at);
  if (usual !== null && usual > max) at.problems.add([...at.path, 'default'], 'is longer than max. Raise max too');
  return { default: usual, max };
}

function readRequests(input: unknown, at: { path: Path; problems: Problems }): RequestsRule {
  const requests = readTable(REQUESTS_OPTIONS, input, at);
  if (requests.timeout > requests.maxTimeout) {
    at.problems.add([...at.path, 'timeout'], 'is longer than maxTimeout. Raise maxTimeout too');
  }
  return requests;
}

/** Runs even if its bounds are invalid: they are a separate problem. */
const keepsHistory = (rule: unknown): boolean => isPlain(rule) && rule.history != null && rule.history !== false;

type Settled = Pick<Rule, 'history' | 'slow' | 'maxPayload' | 'from'> & Pick<RuleSettings, 'latestBy'>;

/** Checks options that are valid by themselves, but not in combination. */
function checkTogether(
  { history, slow, latestBy, from, maxPayload }: Settled,
  { path, maxFrame, problems }: { path: Path; maxFrame: number; problems: Problems },
): void {
  if (history === null && slow === 'replay') {
    problems.add([...path, 'slow'], `"${slow}" needs history. Add "history", or choose latest, drop or disconnect`);
  }
  if (maxPayload > maxFrame) {
    problems.add([...path, 'maxPayload'], 'is larger than the largest frame. Raise limits.maxFrame too');
  }
  if (latestBy !== undefined && slow !== 'latest') {
    problems.add([...path, 'latestBy'], 'goes with slow: latest. Add "slow: latest", or remove this');
  } else if (latestBy === 'from' && !from) {
    problems.add([...path, 'latestBy'], '"from" needs messages that name their publisher. Leave out from: false');
  }
}

/** Size of a burst, in seconds' worth of publishes. */
const BURST = 5;

function readLatestBy(text: string | undefined): LatestBy | null {
  if (text === undefined) return null;
  return text === 'from' ? { kind: 'from' } : { kind: 'tag', tag: text.slice('tag:'.length) };
}

export interface RuleContext {
  /** Maximum bytes of a frame: no payload can be larger. */
  readonly maxFrame: number;
  readonly problems: Problems;
  readonly contracts: Channels;
}

interface ReadContext extends RuleContext {
  /** The patterns in `channels`; other patterns are in contracts only. */
  readonly written: readonly string[];
}

/** Resolves `contracts` and `channels`, the most specific rule first. Adds errors to `problems`. */
export function readChannels(input: Readonly<Record<string, unknown>>, context: RuleContext): Rule[] {
  const around: ReadContext = { ...context, written: Object.keys(input) };
  const merged = mergeRules(context.contracts, input);
  const rules = merged.flatMap(([source, value]) => readRule(source, value, around) ?? []);
  for (const [at, rule] of rules.entries()) {
    const other = rules.slice(0, at).find(({ pattern }) => patternsCollide(pattern, rule.pattern));
    if (other === undefined) continue;
    const tie = `matches the same channels as "${other.pattern.source}", and neither is more specific`;
    context.problems.add(['channels', rule.pattern.source], `${tie}. Make one rule of them`);
  }
  checkDeadLetters(rules, context.problems);
  checkBindings(rules, context.problems);
  rules.sort((a, b) => comparePatterns(a.pattern, b.pattern));
  checkCycles(rules, context.problems);
  return rules;
}
