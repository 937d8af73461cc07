/** The identity of a connection or a request, and the capabilities of its token. */

import { type Json, type Pattern, PatternError, parsePattern, userNameFault } from '@sluice/protocol';
import { sameJson } from '../util/same-json.ts';

/** The operations that an identity can be permitted to do on a channel. */
export const VERBS = [
  'subscribe',
  'publish',
  'history',
  'presence',
  'enter',
  'consume',
  'request',
  'respond',
  'manage',
] as const;
export type Verb = (typeof VERBS)[number];

/**
 * The verbs that `*` grants, in rules and capabilities. The other verbs must be granted by name, so
 * that a `*` written today does not grant what a later version adds. SPEC.md section 3.2.
 */
export const WILDCARD_VERBS = [
  'subscribe',
  'publish',
  'history',
  'presence',
  'enter',
] as const satisfies readonly Verb[];

/**
 * An entry of a token's claim `caps`: it permits or denies verbs on the channels of one pattern, in
 * addition to their rules.
 */
export interface Capability {
  readonly pattern: Pattern;
  readonly allow: ReadonlySet<Verb>;
  /** A denied verb stays denied, even if rules or other capabilities permit it. */
  readonly deny: ReadonlySet<Verb>;
}

/** The identity in whose name a connection or a request acts. */
export interface Identity {
  /** `sub` of the token; `null` for anonymous connections and API keys. */
  readonly user: string | null;
  /** All claims of the verified token. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly capabilities: readonly Capability[];
  /** `exp` of the token, in ms since the Unix epoch. */
  readonly expiresAt?: number;
  /** `jti` of the token. */
  readonly tokenId?: string;
  /** `iat` of the token, in ms since the Unix epoch. */
  readonly issuedAt?: number;
  /** Rules do not apply to it: API keys without capabilities, and the program that embeds the gateway. */
  readonly trusted?: boolean;
  /** The name of the API key, if it is one. */
  readonly name?: string;
  /** What a hook or the backend has added to the connection; it survives a refresh of the token. */
  readonly added?: Added;
}

/** What a hook or the backend adds to an identity while its connection is open. */
export interface Added {
  /** Takes the place of the claim `info`. */
  readonly info?: Json;
  /** Passed on to the hooks that are asked later. */
  readonly meta?: Json;
  /** Channels that the backend has subscribed the connection to: it may subscribe to them. */
  readonly channels?: ReadonlySet<string>;
}

/** An identity with what a hook has added. */
export function withAdded(identity: Identity, added: Added | undefined): Identity {
  if (added === undefined) return identity;
  const { info } = added;
  return { ...identity, added, ...(info !== undefined && { claims: { ...identity.claims, info } }) };
}

/** Has the backend subscribed the connection to this channel? */
export const isSubscribedByBackend = ({ added }: Identity, channel: string): boolean =>
  added?.channels?.has(channel) === true;

/** An identity that the backend has subscribed to these channels, and no others. */
export const withChannels = (identity: Identity, channels: ReadonlySet<string>): Identity => ({
  ...identity,
  added: { ...identity.added, channels },
});

/**
 * The identity of a token that somebody describes. Grants may look at the claim `sub`, so the user is
 * always in it.
 *
 * @param user absent: the claim `sub`; without both, it is anonymous
 * @returns or what is wrong with the user, the rest of a sentence
 */
export function describedIdentity(
  user: unknown,
  { claims, capabilities }: Pick<Identity, 'claims' | 'capabilities'>,
): Identity | string {
  const sub = claims.sub ?? user ?? null;
  if (sub === null) return { user: null, claims, capabilities };
  const fault = userNameFault(sub);
  if (fault !== null) return fault;
  if (sub !== (user ?? sub)) return 'differs from the claim "sub"';
  return { user: sub as string, claims: { ...claims, sub }, capabilities };
}

/** Shared by all identities without any. */
const NO_CAPABILITIES: readonly Capability[] = Object.freeze([]);

/** A connection without a token. */
export const ANONYMOUS: Identity = Object.freeze({
  user: null,
  claims: Object.freeze({}),
  capabilities: NO_CAPABILITIES,
});

/** The program that embeds the gateway. */
export const PROGRAM: Identity = Object.freeze({ ...ANONYMOUS, trusted: true });

/** Is it an API key, or the program? */
export const isBackend = ({ trusted, name }: Identity): boolean => trusted === true || name !== undefined;

/** Claims about when and under which id a token was issued: they change with every refresh. */
export const TOKEN_CLAIMS: ReadonlySet<string> = new Set(['exp', 'iat', 'nbf', 'jti']);

/** Are all claims equal, except those that change with every refresh? */
export function sameClaims(a: Identity, b: Identity): boolean {
  return a.user === b.user && a.trusted === b.trusted && sameJson(lastingClaims(a), lastingClaims(b));
}

/** The claims without those that change with every refresh. */
export const lastingClaims = ({ claims }: Identity): Record<string, unknown> =>
  Object.fromEntries(Object.entries(claims).filter(([name]) => !TOKEN_CLAIMS.has(name)));

/** Limits the cost of a token: each operation checks every capability. */
const MAX_CAPABILITIES = 200;

const isVerb = (text: string): text is Verb => (VERBS as readonly string[]).includes(text);

function parseVerbs(source: string, words: unknown): Omit<Capability, 'pattern'> | string {
  if (!Array.isArray(words)) return `caps["${source}"] must be a list of verbs`;
  const allow = new Set<Verb>();
  const deny = new Set<Verb>();
  for (const word of words as unknown[]) {
    if (typeof word !== 'string') return `caps["${source}"] must hold strings only`;
    const target = word.startsWith('!') ? deny : allow;
    const verb = target === deny ? word.slice(1) : word;
    if (verb === '*') for (const each of target === deny ? VERBS : WILDCARD_VERBS) target.add(each);
    else if (isVerb(verb)) target.add(verb);
    else
      return `caps["${source}"]: "${word.slice(0, 40)}" is not a verb. Verbs are ${VERBS.join(', ')}, and * for ${WILDCARD_VERBS.join(', ')}`;
  }
  return { allow, deny };
}

function parseCapability(source: string, words: unknown): Capability | string {
  let pattern: Pattern;
  try {
    pattern = parsePattern(source);
  } catch (error) {
    if (error instanceof PatternError) return `caps: ${error.message}`;
    throw error;
  }
  if (pattern.segments.some((segment) => segment.kind === 'param')) {
    return `caps["${source}"]: {param} is for rules only. Use * for one segment`;
  }
  const verbs = parseVerbs(source, words);
  return typeof verbs === 'string' ? verbs : { pattern, ...verbs };
}

/**
 * Parses the claim `caps`: `{ "chat:*": ["subscribe", "publish"], "user:42": ["*"], "chat:staff":
 * ["!*"] }`.
 *
 * @returns the capabilities, or what is wrong with the claim
 */
export function parseCapabilities(claim: unknown): readonly Capability[] | string {
  if (claim === undefined) return NO_CAPABILITIES;
  if (typeof claim !== 'object' || claim === null || Array.isArray(claim)) {
    return 'caps must be an object of patterns and lists of verbs';
  }
  const entries = Object.entries(claim);
  if (entries.length > MAX_CAPABILITIES) return `caps may name at most ${MAX_CAPABILITIES} patterns`;
  const capabilities: Capability[] = [];
  for (const [source, words] of entries) {
    const capability = parseCapability(source, words);
    if (typeof capability === 'string') return capability;
    capabilities.push(capability);
  }
  return capabilities;
}
