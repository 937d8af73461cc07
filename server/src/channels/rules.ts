import {
  boundChannelsOf,
  boundTo,
  isChannelName,
  isWildcard,
  matchPattern,
  type Params,
  type Pattern,
} from '@sluice/protocol';
import type { Grant } from '../auth/acl.ts';
import { TOKEN_CLAIMS } from '../auth/identity.ts';
import { patternsOverlap } from '../auth/pattern-permissions.ts';
import type { Rule } from '../rule.ts';
import { type BoundChannel, NOT_BOUND } from './bindings.ts';

/** The rule that governs a channel, with what its pattern bound in the channel's name. */
export interface RuleMatch {
  /** The channel: one string as long as the match is remembered, for those who remember its name. */
  readonly channel: string;
  readonly rule: Rule;
  readonly params: Params;
  /** The channels to which its messages are also appended. */
  readonly bound: readonly BoundChannel[];
  /** The channel that has the messages, if the name is a pattern. */
  readonly log?: string;
}

/** The rule of a bound channel that has the messages of a pattern. */
export type BoundMatch = RuleMatch & { readonly log: string };

/** Patterns whose bound channels are kept at hand. */
const MOST_PATTERNS = 1_000;
/** Matches kept at hand: enough for the channels in use, few enough to forget them all at once. */
const MOST_REMEMBERED = 20_000;

/** Causes that are remembered, so that each is reported once. */
const MOST_FAULTS = 100;

/** All channel rules, the most specific first. A channel that none of them matches does not exist. */
export class Rules {
  #rules: readonly Rule[] = [];
  #decideAnew = false;
  #asksFunctions = false;
  #haveBindings = false;
  #maxPayload = 0;
  readonly #remembered = new Map<string, RuleMatch | null>();
  /** Bound channels by pattern. */
  readonly #boundFor = new Map<string, readonly BoundMatch[]>();
  readonly #faults = new Set<string>();

  constructor(rules: readonly Rule[]) {
    this.replace(rules);
  }

  /** Takes over other rules: they hold for everything that is asked from now on. */
  replace(rules: readonly Rule[]): void {
    const grants = rules.flatMap(({ allow }) => Object.values(allow).flat());
    this.#rules = rules;
    this.#decideAnew = grants.some(mayChange);
    this.#asksFunctions = grants.some(({ kind }) => kind === 'function');
    this.#haveBindings = rules.some(({ bind }) => bind.length > 0);
    this.#maxPayload = rules.reduce((most, { maxPayload }) => Math.max(most, maxPayload), 0);
    this.#remembered.clear();
    this.#boundFor.clear();
    this.#faults.clear();
  }

  /**
   * May a decision change although the claims stay the same: does a grant ask a function, or look
   * at the token's times or id?
   */
  get decideAnew(): boolean {
    return this.#decideAnew;
  }

  /** The most bytes of data that any rule accepts. */
  get maxPayload(): number {
    return this.#maxPayload;
  }

  /** Does any grant ask a function, which may answer with a promise? */
  get asksFunctions(): boolean {
    return this.#asksFunctions;
  }

  /** Matches that are kept at hand. */
  get remembered(): number {
    return this.#remembered.size;
  }

  /**
   * The bound channels that have all messages of a pattern, with their rules: the most specific
   * first. SPEC.md section 4.3.
   */
  boundFor(pattern: string): readonly BoundMatch[] {
    if (!this.#haveBindings) return [];
    const remembered = this.#boundFor.get(pattern);
    if (remembered !== undefined) return remembered;
    if (this.#boundFor.size >= MOST_PATTERNS) this.#boundFor.clear();
    const found = this.#findBound(pattern);
    this.#boundFor.set(pattern, found);
    return found;
  }

  /**
   * The rules whose channels may have a name of the pattern, the most specific first. Without those of
   * bound channels, which only have copies.
   */
  spannedBy(pattern: Pattern): readonly Rule[] {
    return this.#rules.filter((rule) => rule.bind.length === 0 && patternsOverlap(rule.pattern, pattern));
  }

  /** Does a match still hold? Matches are compared by identity. */
  holds(channel: string, match: RuleMatch): boolean {
    return match.log === undefined
      ? this.match(channel) === match
      : this.boundFor(channel).some((bound) => bound === match);
  }

  #findBound(pattern: string): readonly BoundMatch[] {
    return boundChannelsOf(pattern, this.#rules).flatMap((log) => {
      const match = this.match(log);
      return match === null || match.rule.bind.length === 0 ? [] : [{ ...match, log }];
    });
  }

  /** Finds the channel's rule; `null` when there is none. For a pattern: that of the first bound channel. */
  match(channel: string): RuleMatch | null {
    const remembered = this.#remembered.get(channel);
    if (remembered !== undefined) return remembered;
    if (this.#remembered.size >= MOST_REMEMBERED) this.#remembered.clear();
    const match = this.#find(channel);
    this.#remembered.set(channel, match);
    return match;
  }

  /** Is this the first time that a grant fails in this way? */
  isNewFault(cause: string): boolean {
    if (this.#faults.has(cause)) return false;
    if (this.#faults.size >= MOST_FAULTS) this.#faults.clear();
    this.#faults.add(cause);
    return true;
  }

  #find(channel: string): RuleMatch | null {
    if (isWildcard(channel)) return this.boundFor(channel)[0] ?? null;
    const own = this.#governing(channel);
    if (own === null || !this.#haveBindings) return own;
    const bound = boundTo(channel, own.rule, this.#rules).filter((target) => this.#isGoverned(target));
    return bound.length === 0 ? own : { ...own, bound };
  }

  /** A more specific rule may govern the name that a binding makes. */
  #isGoverned({ channel, rule }: BoundChannel): boolean {
    return isChannelName(channel) && this.#governing(channel)?.rule === rule;
  }

  #governing(channel: string): RuleMatch | null {
    for (const rule of this.#rules) {
      const params = matchPattern(rule.pattern, channel);
      if (params !== null) return { channel, rule, params, bound: NOT_BOUND };
    }
    return null;
  }
}

const mayChange = (grant: Grant): boolean =>
  grant.kind === 'function' || (grant.kind === 'claim' && TOKEN_CLAIMS.has(grant.claim));
