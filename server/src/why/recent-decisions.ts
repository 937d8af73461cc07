import type { Json } from '@sluice/protocol';
import type { Cluster } from '../cluster/cluster.ts';
import type { Registry } from '../session/registry.ts';
import type { Decision, DecisionRing } from './decision-ring.ts';

/** Which decisions; without options all. */
export interface DecisionsQuery {
  readonly user?: string;
  readonly connection?: string;
  readonly channel?: string;
  readonly kind?: Decision['kind'];
  /** Only later ones: ms since the Unix epoch. */
  readonly after?: number;
  /** Only those at this time or earlier: ms since the Unix epoch. */
  readonly until?: number;
  /** 1 to 1,000; default 100. */
  readonly limit?: number;
}

/** The kinds of decisions. */
export const DECISION_KINDS: readonly Decision['kind'][] = [
  ...(['authenticated', 'subscribed', 'unsubscribed', 'gap', 'replaying', 'refused', 'closed'] as const),
];

/** What happened to a connection, and whose it is. */
export type ReportedDecision = Decision & { readonly node: string; readonly user: string | null };

/** The latest decisions of all nodes. */
export interface DecisionList {
  /** Newest first. */
  readonly decisions: readonly ReportedDecision[];
  /** More decisions than are listed: all older ones, or some of the same millisecond as the last one. */
  readonly more: number;
  /** Nodes that did not answer. Absent: all have answered. */
  readonly missing?: readonly string[];
}

type LocalDecision = Omit<ReportedDecision, 'node'>;

/** What one node answers to another. */
interface LocalDecisions {
  readonly decisions: readonly LocalDecision[];
  readonly more: number;
}

const MOST = 100;

export interface RecentDecisionsParts {
  readonly cluster: Pick<Cluster, 'ask' | 'answer'>;
  readonly ring: DecisionRing;
  readonly registry: Registry;
}

/** The latest decisions about connections, over all nodes. It does not check permissions. */
export class RecentDecisions {
  readonly #parts: RecentDecisionsParts;

  constructor(parts: RecentDecisionsParts) {
    this.#parts = parts;
    parts.cluster.answer('why.recent', (query) => this.#local(query as unknown as DecisionsQuery));
  }

  async list(query: DecisionsQuery): Promise<DecisionList> {
    const { answers, missing } = await this.#parts.cluster.ask<LocalDecisions>('why.recent', query as unknown as Json);
    const all = answers
      .flatMap(({ node, answer }) => answer.decisions.map((decision) => ({ ...decision, node }) as ReportedDecision))
      .sort((a, b) => b.time - a.time);
    const decisions = all.slice(0, query.limit ?? MOST);
    const unsent = answers.reduce((sum, { answer }) => sum + answer.more, 0);
    const more = unsent + all.length - decisions.length;
    return missing.length === 0 ? { decisions, more } : { decisions, more, missing };
  }

  #local(query: DecisionsQuery): LocalDecisions {
    const users = this.#users();
    const found: LocalDecision[] = [];
    for (const decision of this.#parts.ring.decisions) {
      const user = users.get(decision.connection) ?? null;
      if (fits(query, decision, user)) found.push({ ...decision, user } as LocalDecision);
    }
    const decisions = found.reverse().slice(0, query.limit ?? MOST);
    return { decisions, more: found.length - decisions.length };
  }

  /** Whose the connections are: the open ones, and those that the ring remembers. */
  #users(): Map<string, string | null> {
    const { registry, ring } = this.#parts;
    const users = new Map<string, string | null>();
    for (const decision of ring.decisions) {
      if (decision.kind === 'authenticated' || decision.kind === 'closed')
        users.set(decision.connection, decision.user);
    }
    for (const { connection, identity } of registry.all()) users.set(connection.id, identity.user);
    return users;
  }
}

function fits(query: DecisionsQuery, decision: Decision, user: string | null): boolean {
  if (query.kind !== undefined && decision.kind !== query.kind) return false;
  if (query.after !== undefined && decision.time <= query.after) return false;
  if (query.until !== undefined && decision.time > query.until) return false;
  if (query.connection !== undefined && decision.connection !== query.connection) return false;
  if (query.user !== undefined && user !== query.user) return false;
  return query.channel === undefined || channelOf(decision) === query.channel;
}

function channelOf(decision: Decision): string | undefined {
  if ('log' in decision) return decision.log;
  return decision.kind === 'refused' ? decision.channel : undefined;
}
