/** `bind` of channel rules: which channels' messages are also appended to a channel. */

import {
  type Binding,
  canonical,
  checkFilter,
  coversPattern,
  EVERY,
  type Filter,
  intersectPatterns,
  type Pattern,
  PatternError,
  parsePattern,
} from '@sluice/protocol';
import type { Rule } from '../rule.ts';
import { isPlain, type Path, type Problems } from './problems.ts';

interface Around {
  /** Of the rule. */
  readonly pattern: Pattern;
  readonly path: Path;
  readonly problems: Problems;
}

const NO_BINDING =
  'must be a pattern, or a pattern and a filter. Example: "orders:*", { channel: "logs:**", where: { event: "error" } }';

export function readBind(list: readonly unknown[], around: Around): readonly Binding[] {
  if (list.length > 0) checkTarget(around);
  return list.flatMap((entry, at) => readBinding(entry, { ...around, path: [...around.path, at] }) ?? []);
}

/** Messages are appended to one channel, whose name must be known. */
function checkTarget({ pattern, path, problems }: Around): void {
  if (pattern.segments.some(({ kind }) => kind === 'any' || kind === 'rest')) {
    problems.add(path, `"${pattern.source}" is many channels. Bind to one channel, or use {param} instead of * and **`);
  }
}

function readBinding(entry: unknown, { pattern, path, problems }: Around): Binding | undefined {
  const { channel, where, ...others } = isPlain(entry) ? entry : { channel: entry };
  if (typeof channel !== 'string' || Object.keys(others).length > 0) {
    problems.add(path, NO_BINDING);
    return undefined;
  }
  const fault = where === undefined ? null : checkFilter(where, 'where');
  if (fault !== null) problems.add(path, `${fault.detail}. Example: { tags: { level: ["error", "fatal"] } }`);
  const from = readSource(channel, path, problems);
  if (from === undefined || fault !== null) return undefined;
  checkParams(from, { pattern, path, problems });
  return { from, where: where === undefined ? EVERY : canonical(where as Filter) };
}

function readSource(source: string, path: Path, problems: Problems): Pattern | undefined {
  try {
    return parsePattern(source);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    problems.add(path, `${error.message}. Write a pattern like "orders:*"`);
    return undefined;
  }
}

const paramsOf = ({ segments }: Pattern): readonly string[] =>
  segments.flatMap((segment) => (segment.kind === 'param' ? [segment.name] : []));

/** The name of the channel to append to comes from the name of the channel that was published to. */
function checkParams(from: Pattern, { pattern, path, problems }: Around): void {
  const known = paramsOf(from);
  const missing = paramsOf(pattern).find((name) => !known.includes(name));
  if (missing === undefined) return;
  const unknown = `"${from.source}" has no {${missing}}, so the channel of "${pattern.source}" is not known`;
  problems.add(path, `${unknown}. Use {${missing}} in both patterns`);
}

/** Checks bindings against the other rules: none may be silent, and copies are not copied again. */
export function checkBindings(rules: readonly Rule[], problems: Problems): void {
  const bound = rules.filter(({ bind }) => bind.length > 0);
  for (const { pattern, bind } of bound) {
    for (const { from } of bind) {
      const problem = problemOf(from.source, { pattern: pattern.source, bound, rules });
      if (problem !== null) problems.add(['channels', pattern.source, 'bind'], problem);
    }
  }
}

interface Others {
  /** Of the rule that binds. */
  readonly pattern: string;
  readonly bound: readonly Rule[];
  readonly rules: readonly Rule[];
}

/** A channel may be among those that it binds: what is published to it is in its log anyway. */
function problemOf(from: string, { pattern: own, bound, rules }: Others): string | null {
  const chained = bound.find(({ pattern: { source } }) =>
    source === own ? coversPattern(source, from) : intersectPatterns(source, from) !== null,
  );
  if (chained !== undefined) {
    const { source } = chained.pattern;
    return `"${from}" matches channels of "${source}", which are bound themselves, and bindings do not chain. Bind what "${source}" binds, or use other names`;
  }
  const isSource = rules.some(({ bind, pattern }) => bind.length === 0 && intersectPatterns(pattern.source, from));
  if (isSource) return null;
  return `"${from}" matches no channel of a rule. Correct the pattern, or add a rule for these channels`;
}
