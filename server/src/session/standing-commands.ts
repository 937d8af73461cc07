import type { RefusalText } from '@sluice/protocol';
import type { Verb } from '../auth/identity.ts';
import type { RuleMatch } from '../channels/rules.ts';
import type { Kind, Standing } from '../channels/standing.ts';
import { Refusal } from '../refusal.ts';
import type { Decided } from './decided.ts';
import type { SessionContext } from './session-context.ts';

/** What a command wants to begin. */
export interface Beginning {
  readonly kind: Kind;
  readonly key: string;
  readonly channel: string;
  readonly verb: Verb;
  readonly decided: Decided | null;
  /** What to answer if the connection holds it already. */
  readonly already: RefusalText;
  /** What a connection may do at most, as in "a connection may …". */
  readonly most: (limit: number) => string;
}

/** May a command begin something: is it allowed, is it new, is there room for one more? */
export function mayBegin(session: SessionContext, beginning: Beginning): RuleMatch | Refusal {
  const { kind, key, channel, verb, decided, already, most } = beginning;
  const allowed = session.authorize(verb, channel, decided);
  if (allowed instanceof Refusal) return allowed;
  if (session.standings.has(kind, key)) return new Refusal(already.error, already.detail);
  const limit = session.services.settings.limits.subscriptions;
  if (session.standings.count(kind) < limit) return allowed;
  return new Refusal('too_many_subscriptions', `a connection may ${most(limit)}`);
}

/** Ends what the client holds. */
export function endAsked(
  session: SessionContext,
  standing: Standing | undefined,
  { error, detail }: RefusalText,
): Record<string, never> | Refusal | Promise<Record<string, never>> {
  if (standing === undefined) return new Refusal(error, detail);
  const ending = session.end(standing, 'asked');
  return ending instanceof Promise ? ending.then(() => ({})) : {};
}
