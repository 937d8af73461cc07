/**
 * Permissions: a rule's grants, a token's capabilities, and the one decision over both. Pure
 * functions.
 */

import { isSegmentOf, type Params, type Pattern, readSegment } from '@sluice/protocol';
import type { GrantContext, GrantFunction } from '@sluice/protocol/contracts';
import { type Identity, isSubscribedByBackend, type Verb } from './identity.ts';

/** The users to whom a rule permits a verb. */
export type Grant =
  | { readonly kind: 'anyone' }
  | { readonly kind: 'users' }
  | { readonly kind: 'owner'; readonly param: string }
  | { readonly kind: 'claim'; readonly claim: string; readonly param: string }
  | { readonly kind: 'role'; readonly role: string }
  | { readonly kind: 'function'; readonly decide: GrantFunction };

/** The grants of a rule, by verb. A verb without an entry is permitted to nobody. */
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
 * Parses one grant of the rule for `pattern`.
 *
 * @throws Error with the reason: an unknown form, or a param that the pattern does not bind
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

/** Is `wanted` equal to the claim, or an element of it if it is a list? */
function holds(claim: unknown, wanted: string, is: Test): boolean {
  if (Array.isArray(claim)) {
    for (const entry of claim as unknown[]) if (is(entry, wanted)) return true;
    return false;
  }
  return is(claim, wanted);
}

const isRole: Test = (entry, role) => entry === role || (Number.isSafeInteger(entry) && String(entry) === role);

/**
 * Databases use numbers as ids, channel names strings. Other characters are escaped in channel
 * names. SPEC.md section 3.1.
 */
const isInSegment: Test = (entry, name) =>
  typeof entry === 'string' ? isSegmentOf(name, entry) : Number.isSafeInteger(entry) && String(entry) === name;

function claimOf(identity: Identity, name: string): unknown {
  return Object.hasOwn(identity.claims, name) ? identity.claims[name] : undefined;
}

/** The values of the params in a channel's name. */
function valuesOf(params: Params): Params {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, readSegment(value)]));
}

/** Does the identity have what the grant asks for? `false` for a function. */
export function holdsGrant(grant: Grant, identity: Identity, params: Params): boolean {
  const { user } = identity;
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
      return false; // called after all others
  }
}

/** A grant function threw, its promise rejected, or its result is not a boolean. */
export class GrantFailed extends Error {
  override readonly name = 'GrantFailed';
}

const isThenable = (answer: unknown): answer is PromiseLike<unknown> =>
  (typeof answer === 'object' || typeof answer === 'function') &&
  typeof (answer as { then?: unknown } | null)?.then === 'function';

/**
 * Calls the grant functions.
 *
 * @throws GrantFailed if none of them permits it and one failed
 */
function ask(list: readonly Grant[], context: () => GrantContext): boolean | Promise<boolean> {
  let failure: GrantFailed | undefined;
  let later: PromiseLike<unknown>[] | undefined;
  for (const grant of list) {
    if (grant.kind !== 'function') continue;
    try {
      const answer: unknown = grant.decide(context());
      if (answer === true) {
        // its answer or failure no longer matters
        for (const other of later ?? []) Promise.resolve(other).catch(() => {});
        return true;
      }
      if (isThenable(answer)) later = [...(later ?? []), answer];
      else mustBeBoolean(answer);
    } catch (cause) {
      failure = new GrantFailed('a grant function threw', { cause });
    }
  }
  if (later !== undefined) return anyAllows(later, failure);
  if (failure !== undefined) throw failure;
  return false;
}

/** A forgotten `return`, or a row of a database, must not count as a silent "no". */
function mustBeBoolean(answer: unknown): boolean {
  if (typeof answer === 'boolean') return answer;
  const kind = answer === null ? 'null' : typeof answer;
  throw new TypeError(`the grant function returned ${kind}. Return true or false, or a promise of true or false.`);
}

async function anyAllows(answers: readonly PromiseLike<unknown>[], failure: GrantFailed | undefined): Promise<boolean> {
  const yes = answers.map(async (answer) => {
    if (mustBeBoolean(await answer) === false) throw NO;
  });
  try {
    await Promise.any(yes);
    return true;
  } catch (error) {
    const cause = (error as AggregateError).errors.find((reason) => reason !== NO) as unknown;
    const failed =
      cause === undefined ? failure : new GrantFailed('the promise of a grant function rejected', { cause });
    if (failed !== undefined) throw failed;
    return false;
  }
}

const NO = new Error('not allowed');

/**
 * Does a capability's pattern match the channel? Same result as `matchPattern`, without its
 * allocations, because it runs for every publish.
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
 * Denies by default: the answer is yes only if a grant of the rule or a capability of the token
 * permits it, and no capability denies it. Functions are called only if nothing else permits it.
 *
 * @param params values that the rule's pattern binds in the channel's name
 * @returns the answer, or a promise of it if a function is asynchronous
 * @throws GrantFailed, or rejects with it, if nothing permits it and a function failed
 */
export function permits(
  identity: Identity,
  verb: Verb,
  channel: string,
  rule: { readonly allow: Grants },
  params: Params,
): boolean | Promise<boolean> {
  if (identity.trusted === true) return true;
  let allowed = false;
  for (const capability of identity.capabilities) {
    const denies = capability.deny.has(verb);
    if ((denies || (!allowed && capability.allow.has(verb))) && covers(capability.pattern, channel)) {
      if (denies) return false;
      allowed = true;
    }
  }
  if (allowed || (verb === 'subscribe' && isSubscribedByBackend(identity, channel))) return true;
  const list = rule.allow[verb];
  if (list === undefined) return false;
  let functions = false;
  for (const grant of list) {
    if (grant.kind === 'function') functions = true;
    else if (holdsGrant(grant, identity, params)) return true;
  }
  if (!functions) return false;
  const { user, claims } = identity;
  return ask(list, () => ({ user, claims, channel, params: valuesOf(params), verb }));
}

/** Does a capability of the token deny this, whatever the rule permits? */
export function isDenied({ capabilities }: Identity, verb: Verb, channel: string): boolean {
  return capabilities.some(({ deny, pattern }) => deny.has(verb) && covers(pattern, channel));
}

/** Formats a grant as in a configuration. */
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
