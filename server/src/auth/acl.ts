/** Who may do what. Pure: a rule's grants, a token's capabilities, and the one decision over both. */

import { isSegmentOf, type Params, type Pattern, readSegment } from '@sluice/protocol';
import type { GrantContext, GrantFunction } from '@sluice/protocol/contracts';
import type { Identity, Verb } from './identity.ts';

/** To whom a rule allows a verb. */
export type Grant =
  | { readonly kind: 'anyone' }
  | { readonly kind: 'users' }
  | { readonly kind: 'owner'; readonly param: string }
  | { readonly kind: 'claim'; readonly claim: string; readonly param: string }
  | { readonly kind: 'role'; readonly role: string }
  | { readonly kind: 'function'; readonly decide: GrantFunction };

/** The grants of a rule, by verb. A verb that is not named is allowed to nobody. */
export type Grants = Readonly<Partial<Record<Verb, readonly Grant[]>>>;

const FORMS = 'anyone, users, owner:{param}, claim:<name>:{param}, role:<name>';
const OWNER = /^owner:\{([A-Za-z_][A-Za-z0-9_]*)\}$/;
const CLAIM = /^claim:([^:{}\s]+):\{([A-Za-z_][A-Za-z0-9_]*)\}$/;
const ROLE = /^role:(\S+)$/;

function boundParam(param: string, source: string, pattern: Pattern): string {
  const bound = pattern.segments.flatMap((segment) => (segment.kind === 'param' ? [segment.name] : []));
  if (bound.includes(param)) return param;
  const has = bound.length === 0 ? 'has no params' : `has ${bound.map((name) => `{${name}}`).join(', ')}`;
  throw new Error(`"${source}" uses {${param}}, but the pattern "${pattern.source}" ${has}`);
}

/**
 * Reads one grant of the rule for `pattern`.
 *
 * @throws Error that says what is wrong: an unknown form, or a param that the pattern does not bind
 */
export function parseGrant(source: string | GrantFunction, pattern: Pattern): Grant {
  if (typeof source === 'function') return { kind: 'function', decide: source };
  if (source === 'anyone' || source === 'users') return { kind: source };
  const owner = OWNER.exec(source)?.[1];
  if (owner !== undefined) return { kind: 'owner', param: boundParam(owner, source, pattern) };
  const [, claim, param] = CLAIM.exec(source) ?? [];
  if (claim !== undefined && param !== undefined) {
    return { kind: 'claim', claim, param: boundParam(param, source, pattern) };
  }
  const role = ROLE.exec(source)?.[1];
  if (role !== undefined) return { kind: 'role', role };
  throw new Error(`"${source}" is not a grant; grants are ${FORMS}`);
}

type Test = (entry: unknown, wanted: string) => boolean;

/** Is `wanted` the claim itself, or one of the list that it is? */
function holds(claim: unknown, wanted: string, is: Test): boolean {
  if (Array.isArray(claim)) {
    for (const entry of claim as unknown[]) if (is(entry, wanted)) return true;
    return false;
  }
  return is(claim, wanted);
}

const isRole: Test = (entry, role) => entry === role || (Number.isSafeInteger(entry) && String(entry) === role);

/** Databases count in numbers, channel names in strings; what a name cannot hold is escaped in it. SPEC.md section 3.1. */
const isInSegment: Test = (entry, name) =>
  typeof entry === 'string' ? isSegmentOf(name, entry) : Number.isSafeInteger(entry) && String(entry) === name;

function claimOf(identity: Identity, name: string): unknown {
  return Object.hasOwn(identity.claims, name) ? identity.claims[name] : undefined;
}

function decides(decide: GrantFunction, context: GrantContext): boolean {
  try {
    return decide(context) === true;
  } catch {
    return false;
  }
}

/** What the segments of a channel's name stand for. */
function valuesOf(params: Params): Params {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, readSegment(value)]));
}

function grants(grant: Grant, identity: Identity, verb: Verb, channel: string, params: Params): boolean {
  const { user, claims } = identity;
  switch (grant.kind) {
    case 'anyone':
      return true;
    case 'users':
      return user !== null;
    case 'owner': {
      const name = params[grant.param];
      return user !== null && name !== undefined && isSegmentOf(name, user);
    }
    case 'claim': {
      const name = params[grant.param];
      return name !== undefined && holds(claimOf(identity, grant.claim), name, isInSegment);
    }
    case 'role':
      return claimOf(identity, 'role') === grant.role || holds(claimOf(identity, 'roles'), grant.role, isRole);
    case 'function':
      return decides(grant.decide, { user, claims, channel, params: valuesOf(params), verb });
  }
}

/**
 * Does a capability's pattern cover the channel? The same answer as `matchPattern`, without its allocations: this runs
 * for every publish.
 */
export function covers(pattern: Pattern, channel: string): boolean {
  let start = 0;
  for (const segment of pattern.segments) {
    if (start > channel.length) return false;
    if (segment.kind === 'rest') return true;
    const colon = channel.indexOf(':', start);
    const end = colon === -1 ? channel.length : colon;
    if (segment.kind === 'literal') {
      if (end - start !== segment.text.length || !channel.startsWith(segment.text, start)) return false;
    }
    start = end + 1;
  }
  return start > channel.length;
}

/**
 * May this identity do this on this channel?
 *
 * Default deny: yes only where a grant of the rule or a capability of the token says so, and no capability denies it.
 *
 * @param params what the rule's pattern bound in the channel's name
 */
export function permits(
  identity: Identity,
  verb: Verb,
  channel: string,
  rule: { readonly allow: Grants },
  params: Params,
): boolean {
  if (identity.trusted === true) return true;
  let allowed = false;
  for (const capability of identity.capabilities) {
    const denies = capability.deny.has(verb);
    if ((denies || (!allowed && capability.allow.has(verb))) && covers(capability.pattern, channel)) {
      if (denies) return false;
      allowed = true;
    }
  }
  if (allowed) return true;
  const list = rule.allow[verb];
  if (list === undefined) return false;
  for (const grant of list) if (grants(grant, identity, verb, channel, params)) return true;
  return false;
}

/** Writes a grant as it stands in a configuration. */
export function formatGrant(grant: Grant): string {
  switch (grant.kind) {
    case 'anyone':
    case 'users':
      return grant.kind;
    case 'owner':
      return `owner:{${grant.param}}`;
    case 'claim':
      return `claim:${grant.claim}:{${grant.param}}`;
    case 'role':
      return `role:${grant.role}`;
    case 'function':
      return '(a function)';
  }
}
