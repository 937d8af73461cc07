import { LIMITS } from '@sluice/protocol';
import { Refusal } from '../../refusal.ts';
import { DECISION_KINDS, type DecisionsQuery, type RecentDecisions } from '../../why/recent-decisions.ts';
import { asManager, EVERYTHING, type ManageServices } from '../manager.ts';
import { readNumbers } from '../query.ts';
import type { Route } from '../route.ts';

export interface DecisionServices extends Pick<ManageServices, 'apiKeys' | 'verifier'> {
  readonly recentDecisions: RecentDecisions;
}

const TEXTS = ['user', 'connection', 'channel'] as const;
const NUMBERS = {
  after: { min: 0, max: Number.MAX_SAFE_INTEGER },
  until: { min: 0, max: Number.MAX_SAFE_INTEGER },
  limit: { min: 1, max: LIMITS.historyPage },
};

/**
 * `GET /api/v1/decisions?user&connection&channel&kind&after&until&limit`: the latest decisions about
 * connections on all nodes, newest first. Needs `manage` on all channels.
 */
export function decisionsRoute(services: DecisionServices): Route['handle'] {
  return (request) =>
    asManager(request, services, EVERYTHING, () => {
      const query = readQuery(request.query);
      return query instanceof Refusal ? query : services.recentDecisions.list(query);
    });
}

function readQuery(query: URLSearchParams): DecisionsQuery | Refusal {
  const numbers = readNumbers(query, NUMBERS, [...TEXTS, 'kind']);
  if (numbers instanceof Refusal) return numbers;
  const read: { -readonly [Name in keyof DecisionsQuery]: DecisionsQuery[Name] } = { ...numbers };
  for (const name of TEXTS) {
    const text = query.get(name);
    if (text !== null) read[name] = text;
  }
  const kind = query.get('kind');
  if (kind === null) return read;
  const known = DECISION_KINDS.find((name) => name === kind);
  if (known === undefined) return new Refusal('command_invalid', `"kind" must be one of ${DECISION_KINDS.join(', ')}`);
  return { ...read, kind: known };
}
