/** Channel rules: from what is written to what is used. */

import { comparePatterns, type Pattern, PatternError, parsePattern, patternsCollide } from '@sluice/protocol';
import type { Channels, GrantFunction } from '@sluice/protocol/contracts';
import { z } from 'zod';
import { type Grant, type Grants, parseGrant } from '../auth/acl.ts';
import { VERBS, type Verb, WILDCARD_VERBS } from '../auth/identity.ts';
import type { HistoryBounds, LatestBy, PresenceRule, Rule } from '../rule.ts';
import { mergeRules, schemasOf } from './contracts.ts';
import { type Path, type Problems, suggest } from './problems.ts';
import { DAY, duration, flag, HOUR, KIB, MIB, MINUTE, oneOf, SECOND, size, whole } from './values.ts';

/** What a rule has where it says `history: true`, and what of it where it says only the other. */
export const HISTORY_DEFAULT: HistoryBounds = { count: 1000, age: 24 * HOUR };
export const PAYLOAD_DEFAULT = 64 * KIB;
export const DEDUPE_DEFAULT = 5 * MINUTE;

export const PRESENCE_DEFAULT: PresenceRule = { grace: 5 * SECOND, interval: 500, listUpTo: 500, state: KIB };

const PRESENCE = z.strictObject(
  {
    grace: duration({ min: 0, max: HOUR }).optional(),
    interval: duration({ min: 0, max: MINUTE }).optional(),
    listUpTo: whole({ min: 0, max: 1000 }).optional(),
    state: size({ min: 1, max: 64 * KIB }).optional(),
  },
  { error: 'must be an object — like { grace: 5s, listUpTo: 500 }' },
);

const HISTORY = z.strictObject(
  {
    count: whole({ min: 1, max: 10_000_000 }).optional(),
    age: duration({ min: 1, max: 3650 * DAY }).optional(),
  },
  { error: 'must be true, false, or an object — like { count: 1000, age: 24h }' },
);

const NO_LATEST_BY = 'must be "from" or "tag:<name>" — like "tag:symbol"';

/** The options of a rule, each with its meaning for the reference. */
export const CHANNEL_OPTIONS = {
  allow: {
    schema: z.record(z.string(), z.unknown(), {
      error: 'must be an object — verbs and their grants, like { subscribe: users }',
    }),
    type: 'grants by verb',
    defaultText: 'nothing is allowed',
    description: `Who may do what. Verbs: ${VERBS.join(', ')}; \`*\` stands for ${WILDCARD_VERBS.join(', ')}.`,
  },
  history: {
    schema: z.unknown(),
    type: 'boolean, or count and age',
    defaultText: '`false`',
    description:
      'Keeps messages: at most `count` (default 1000), none older than `age` (default 24h). `true` takes both defaults.',
  },
  from: {
    schema: flag(),
    type: 'boolean',
    defaultText: '`true`',
    description: 'Messages name the user who published them.',
  },
  slow: {
    schema: oneOf(['replay', 'latest', 'drop', 'disconnect']),
    type: 'replay, latest, drop, disconnect',
    defaultText: '`replay` with history, `drop` without',
    description:
      'What a subscription does that cannot keep up: catch up from the log, skip to the newest message, report the loss, or close the connection.',
  },
  latestBy: {
    schema: z.string({ error: NO_LATEST_BY }).regex(/^(from|tag:.+)$/, { error: NO_LATEST_BY }),
    type: '`from`, `tag:<name>`',
    defaultText: 'the newest of all',
    description:
      'With `slow: latest`: a slow subscription gets the newest message of each publisher, or of each value of a tag.',
  },
  rate: {
    schema: whole({ min: 1, max: 1_000_000 }),
    type: 'number',
    defaultText: 'unlimited',
    description: "Publishes per second of one connection, five seconds' worth at once.",
  },
  presence: {
    schema: z.unknown(),
    type: 'grace, interval, listUpTo, state',
    defaultText: '`{ grace: 5s, interval: 500ms, listUpTo: 500, state: 1KiB }`',
    description:
      'A closed connection counts as present for `grace`. Changes go out once per `interval`. Above `listUpTo` members only their number is told. `state`: largest state of a member.',
  },
  maxPayload: {
    schema: size({ min: 1, max: 16 * MIB }),
    type: 'size',
    defaultText: '`64KiB`, at most `limits.maxFrame`',
    description: 'Largest `data` of a message, as JSON.',
  },
  dedupe: {
    schema: duration({ min: 0, max: 7 * DAY }),
    type: 'duration',
    defaultText: '`5m`',
    description: "How long a publish's idempotency key is remembered.",
  },
} as const;

const RULE = z.strictObject(
  {
    allow: CHANNEL_OPTIONS.allow.schema.optional(),
    history: CHANNEL_OPTIONS.history.schema.optional(),
    from: CHANNEL_OPTIONS.from.schema.default(true),
    slow: CHANNEL_OPTIONS.slow.schema.optional(),
    latestBy: CHANNEL_OPTIONS.latestBy.schema.optional(),
    rate: CHANNEL_OPTIONS.rate.schema.optional(),
    presence: CHANNEL_OPTIONS.presence.schema.optional(),
    maxPayload: CHANNEL_OPTIONS.maxPayload.schema.optional(),
    dedupe: CHANNEL_OPTIONS.dedupe.schema.default(DEDUPE_DEFAULT),
  },
  { error: 'must be an object — like { allow: { subscribe: users, publish: users } }' },
);

function readPattern(source: string, problems: Problems): Pattern | undefined {
  try {
    return parsePattern(source);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    problems.add(['channels', source], `${error.message} — write a pattern like "chat:{room}"`);
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
      problems.add(path, 'must be a grant or a list of grants — like users, "role:admin", "owner:{userId}"');
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
      around.problems.add(at, `is not a verb — ${suggest(name, [...VERBS, '*'])}`);
      continue;
    }
    const list = readGrants(at, value, around);
    for (const verb of name === '*' ? WILDCARD_VERBS : [name as Verb])
      grants[verb] = [...(grants[verb] ?? []), ...list];
  }
  return grants;
}

function readHistory(path: Path, value: unknown, problems: Problems): HistoryBounds | null {
  if (value === undefined || value === null || value === false) return null;
  if (value === true) return HISTORY_DEFAULT;
  const bounds = problems.read(path, HISTORY, value, Object.keys(HISTORY.shape));
  return { count: bounds?.count ?? HISTORY_DEFAULT.count, age: bounds?.age ?? HISTORY_DEFAULT.age };
}

function readRule(source: string, value: unknown, { maxFrame, problems, ...context }: ReadContext): Rule | undefined {
  const path = context.written.includes(source) ? ['channels', source] : ['contracts', source, 'rule'];
  const pattern = readPattern(source, problems);
  const rule = problems.read(path, RULE, value ?? {}, Object.keys(RULE.shape));
  if (pattern === undefined || rule === undefined) return undefined;
  const history = readHistory([...path, 'history'], rule.history, problems);
  const slow = rule.slow ?? (history === null ? 'drop' : 'replay');
  if (history === null && slow === 'replay') {
    problems.add([...path, 'slow'], `"${slow}" needs a log — add history, or choose latest, drop or disconnect`);
  }
  const maxPayload = rule.maxPayload ?? Math.min(PAYLOAD_DEFAULT, maxFrame);
  if (maxPayload > maxFrame) {
    problems.add([...path, 'maxPayload'], 'is larger than a frame may be — raise limits.maxFrame too');
  }
  const allow = readAllow([...path, 'allow'], rule.allow ?? {}, { pattern, problems });
  if (rule.latestBy !== undefined && slow !== 'latest') {
    problems.add([...path, 'latestBy'], 'goes with slow: latest — add that, or leave this out');
  } else if (rule.latestBy === 'from' && !rule.from) {
    problems.add([...path, 'latestBy'], '"from" needs messages that name their publisher — leave out from: false');
  }
  const presence = readPresence([...path, 'presence'], rule.presence, problems);
  const { from, dedupe } = rule;
  const rate = rule.rate === undefined ? null : { perSecond: rule.rate, burst: rule.rate * BURST };
  return {
    pattern,
    allow,
    history,
    from,
    slow,
    latestBy: readLatestBy(rule.latestBy),
    rate,
    presence,
    maxPayload,
    dedupe,
    schemas: schemasOf(context.contracts[source]),
  };
}

/** Seconds' worth of publishes that may come at once. */
const BURST = 5;

function readLatestBy(text: string | undefined): LatestBy | null {
  if (text === undefined) return null;
  return text === 'from' ? { kind: 'from' } : { kind: 'tag', tag: text.slice('tag:'.length) };
}

function readPresence(path: Path, value: unknown, problems: Problems): PresenceRule {
  const given = value === undefined ? undefined : problems.read(path, PRESENCE, value, Object.keys(PRESENCE.shape));
  return {
    grace: given?.grace ?? PRESENCE_DEFAULT.grace,
    interval: given?.interval ?? PRESENCE_DEFAULT.interval,
    listUpTo: given?.listUpTo ?? PRESENCE_DEFAULT.listUpTo,
    state: given?.state ?? PRESENCE_DEFAULT.state,
  };
}

export interface RuleContext {
  /** Bytes of the largest frame: no payload can be larger. */
  readonly maxFrame: number;
  readonly problems: Problems;
  readonly contracts: Channels;
}

interface ReadContext extends RuleContext {
  /** The patterns of the configuration; others stand in contracts only. */
  readonly written: readonly string[];
}

/** Resolves `contracts` and `channels`, the most specific rule first. What is wrong goes to `problems`. */
export function readChannels(input: Readonly<Record<string, unknown>>, context: RuleContext): Rule[] {
  const around: ReadContext = { ...context, written: Object.keys(input) };
  const merged = mergeRules(context.contracts, input);
  const rules = merged.flatMap(([source, value]) => readRule(source, value, around) ?? []);
  for (const [at, rule] of rules.entries()) {
    const other = rules.slice(0, at).find(({ pattern }) => patternsCollide(pattern, rule.pattern));
    if (other === undefined) continue;
    const tie = `matches the same channels as "${other.pattern.source}", and neither is more specific`;
    context.problems.add(['channels', rule.pattern.source], `${tie} — make one rule of them`);
  }
  return rules.sort((a, b) => comparePatterns(a.pattern, b.pattern));
}
