import { isWildcard } from '@sluice/protocol';
import { explain } from '../../auth/explain.ts';
import type { Identity } from '../../auth/identity.ts';
import type { Verifier } from '../../auth/token.ts';
import type { OperationExplanation } from '../../hooks/explain-operation.ts';
import { Refusal } from '../../refusal.ts';
import { asBackend, type BackendServices } from '../backend.ts';
import { readJson } from '../body.ts';
import { type ExplanationQuery, type ExplanationServices, explainQuery, readExplanation } from '../explanation.ts';
import { refuseManaging } from '../manager.ts';
import type { Route } from '../route.ts';

/** What decides about clients. */
export interface ExplainServices extends BackendServices, Omit<ExplanationServices, 'verifier'> {
  /** Verifies the tokens that are asked about. */
  readonly tokens: Verifier;
}

/**
 * `POST /api/v1/explain`: may this token, or an identity with these claims, use the verb on the
 * channel, what decided, and what would change it? Needs `manage` on the channel. With `subscribe`,
 * the channel may be a pattern.
 */
export function explainRoute(services: ExplainServices): Route['handle'] {
  return (request) =>
    asBackend(request, services, async (by) => {
      const body = await readJson(request);
      if (body instanceof Refusal) return body;
      const query = readExplanation(body.value);
      return query instanceof Refusal ? query : answer(services, by, query);
    });
}

async function answer(
  services: ExplainServices,
  by: Identity,
  query: ExplanationQuery,
): Promise<OperationExplanation | Refusal> {
  const refusal = await refuseAsking(services, by, query.channel);
  return refusal ?? explainQuery({ ...services, verifier: services.tokens }, query);
}

/** Why the caller may not ask: for a pattern, it must manage all its channels. */
async function refuseAsking({ rules }: BackendServices, by: Identity, channel: string): Promise<Refusal | null> {
  if (by.trusted === true) return null;
  if (isWildcard(channel)) return refuseManaging(by, channel);
  const { allowed, message } = await explain({ identity: by, verb: 'manage', channel, match: rules.match(channel) });
  return allowed ? null : new Refusal('permission_denied', message);
}
