import type { Conditions, ErrorName, Position } from '@sluice/protocol';
import type { Decision, DecisionRing } from './decision-ring.ts';

type Of<Kind extends Decision['kind']> = Extract<Decision, { readonly kind: Kind }>;

/** One subscription to a log, from its begin to its end, as far as the node remembers. */
export interface SubscriptionHistory {
  readonly sub: number | undefined;
  /** The channel or the pattern that the client named. */
  channel?: string;
  start?: Position;
  conditions?: Conditions | undefined;
  end?: Of<'unsubscribed'>;
}

/** What the node remembers about one connection and one log. */
export class ConnectionHistory {
  readonly subscriptions: SubscriptionHistory[] = [];
  readonly gaps: Of<'gap'>[] = [];
  user: string | null = null;
  refused: { readonly error: ErrorName; readonly detail: string } | undefined;
  replaying: Of<'replaying'> | undefined;
  closed: Of<'closed'> | undefined;

  /** The subscription with this id that has not ended. */
  current(sub: number | undefined): SubscriptionHistory | undefined {
    return this.subscriptions.findLast((history) => history.sub === sub && history.end === undefined);
  }

  add(decision: Decision, log: string): void {
    switch (decision.kind) {
      case 'authenticated':
        this.user = decision.user;
        break;
      case 'closed':
        this.user = decision.user;
        this.closed = decision;
        break;
      case 'refused':
        if (decision.command === 'subscribe' && decision.channel === log) this.refused = decision;
        break;
      default:
        if (decision.log === log) this.#addOfLog(decision);
    }
  }

  #addOfLog(decision: Of<'subscribed' | 'unsubscribed' | 'gap' | 'replaying'>): void {
    switch (decision.kind) {
      case 'subscribed': {
        const { sub, channel, start, conditions } = decision;
        this.subscriptions.push({ sub, channel, start, conditions });
        break;
      }
      case 'unsubscribed': {
        const current = this.current(decision.sub);
        if (current === undefined) this.subscriptions.push({ sub: decision.sub, end: decision });
        else current.end = decision;
        break;
      }
      case 'gap':
        this.gaps.push(decision);
        break;
      case 'replaying':
        this.replaying = decision;
    }
  }
}

/** Reads what the node remembers about all connections and one log, by connection. */
export function historiesOf({ decisions }: DecisionRing, log: string): Map<string, ConnectionHistory> {
  const histories = new Map<string, ConnectionHistory>();
  for (const decision of decisions) {
    const history = histories.get(decision.connection) ?? new ConnectionHistory();
    histories.set(decision.connection, history);
    history.add(decision, log);
  }
  return histories;
}
