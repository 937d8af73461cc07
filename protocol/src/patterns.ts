/**
 * Patterns over channel names. SPEC.md section 3.2.
 *
 * Two dialects share one shape: a rule's pattern binds segments to names (`chat:{room}`), a capability's pattern only
 * matches them (`chat:*`). In both, a trailing `**` matches one or more segments.
 */

import { LIMITS } from './limits.ts';

/** The values of a pattern's `{param}` segments. */
export type Params = Readonly<Record<string, string>>;

type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'param'; readonly name: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'rest' };

export interface Pattern {
  readonly source: string;
  readonly segments: readonly Segment[];
}

/** An invalid pattern; the message has the place and the reason. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

const LITERAL = /^[A-Za-z0-9_\-.~@$=+,]+$/;
const PARAM = /^\{([A-Za-z_][A-Za-z0-9_]*)\}$/;

function parseSegment(text: string, last: boolean, source: string): Segment {
  if (text === '*') return { kind: 'any' };
  if (text === '**') {
    if (!last) throw new PatternError(`"${source}": "**" may only be the last segment`);
    return { kind: 'rest' };
  }
  const param = PARAM.exec(text);
  if (param?.[1] !== undefined) return { kind: 'param', name: param[1] };
  if (LITERAL.test(text)) return { kind: 'literal', text };
  if (text.includes('*')) {
    throw new PatternError(`"${source}": "${text}" mixes * with other characters. * stands for one whole segment`);
  }
  throw new PatternError(
    `"${source}": segment "${text}" is neither a literal (A-Z a-z 0-9 _ - . ~ @ $ = + ,), nor {param}, "*" or a last "**"`,
  );
}

/**
 * Parses a pattern.
 *
 * @throws PatternError if a segment is none of: literal, `{param}`, `*`, a last `**`; or if a param
 *   is named twice
 */
export function parsePattern(source: string): Pattern {
  if (source.length > LIMITS.channelLength) throw new PatternError(`"${source.slice(0, 40)}…" is too long`);
  const parts = source.split(':');
  const segments = parts.map((text, at) => parseSegment(text, at === parts.length - 1, source));
  const names = segments.flatMap((segment) => (segment.kind === 'param' ? [segment.name] : []));
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new PatternError(`"${source}": {${twice}} is named twice`);
  return { source, segments };
}

/** Is this a pattern with `*` or `**` instead of the name of one channel? */
export const isWildcard = (channel: string): boolean => channel.includes('*');

const NO_PARAMS: Params = Object.freeze({});
/**
 * An object that inherits from this one has no properties of its own, and V8 keeps it small; one
 * without a prototype it keeps as a table of several times the size.
 */
const NO_PROPERTIES = Object.freeze(Object.create(null) as object);

/**
 * Matches a channel name against a pattern.
 *
 * @returns the values of the pattern's params, or `null` if it does not match
 */
export function matchPattern(pattern: Pattern, channel: string): Params | null {
  const parts = channel.split(':');
  const { segments } = pattern;
  const last = segments[segments.length - 1];
  if (last?.kind === 'rest' ? parts.length < segments.length : parts.length !== segments.length) return null;
  let params: Record<string, string> | null = null;
  for (let at = 0; at < segments.length; at++) {
    const segment = segments[at];
    const part = parts[at];
    if (segment === undefined || part === undefined) return null;
    if (segment.kind === 'literal' && segment.text !== part) return null;
    if (segment.kind === 'param') {
      params ??= Object.create(NO_PROPERTIES) as Record<string, string>;
      params[segment.name] = part;
    }
  }
  return params ?? NO_PARAMS;
}

const RANK = { literal: 0, param: 1, any: 1, rest: 2 } as const;

/**
 * Orders patterns by specificity: literal before `{param}` or `*`, before a trailing `**`, segment
 * by segment.
 *
 * @returns negative if `a` is more specific, positive if `b` is, 0 if they are equally specific
 */
export function comparePatterns(a: Pattern, b: Pattern): number {
  const length = Math.max(a.segments.length, b.segments.length);
  for (let at = 0; at < length; at++) {
    const left = a.segments[at];
    const right = b.segments[at];
    if (left === undefined || right === undefined) return left === undefined ? 1 : -1;
    const difference = RANK[left.kind] - RANK[right.kind];
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Do two equally specific patterns match a common name? Then neither can take precedence. */
export function patternsCollide(a: Pattern, b: Pattern): boolean {
  if (a.segments.length !== b.segments.length || comparePatterns(a, b) !== 0) return false;
  return a.segments.every((segment, at) => {
    const other = b.segments[at];
    return segment.kind !== 'literal' || (other?.kind === 'literal' && other.text === segment.text);
  });
}
