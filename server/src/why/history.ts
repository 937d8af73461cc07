import type { Conditions, ErrorName, Position } from '@sluice/protocol';
import type { Decision, DecisionRing } from './decision-ring.ts';

type Of<Kind extends Decision['kind']> = Extract<Decision, { readonly kind: Kind }>;

/** One subscription to a log, from its begin to its end, as far as the node remembers. */
export interface SubscriptionHistory {
  readonly sub: number | undefined;
  /** The channel or the pattern that the client named. */
  channel?: string;
  start?: Position | undefined;
  conditions?: Conditions | undefined;
  end?: Of<'unsubscribed'>;
  /** What it was told that it missed. */
  readonly gaps: Of<'gap'>[];
}

/** What the node remembers about one connection and one log. */
export class ConnectionHistory {
  readonly subscriptions: SubscriptionHistory[] = [];
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
        this.subscriptions.push({ sub, channel, start, conditions, gaps: [] });
        break;
      }
      case 'unsubscribed':
        this.#subscriptionOf(decision).end = decision;
        break;
      case 'gap':
        this.#subscriptionOf(decision).gaps.push(decision);
        break;
      case 'replaying':
        this.replaying = decision;
    }
  }

  /** The subscription that it is about; the node may have forgotten its begin. */
  #subscriptionOf({ sub }: Of<'unsubscribed' | 'gap'>): SubscriptionHistory {
    const known = this.current(sub);
    if (known !== undefined) return known;
    const forgotten: SubscriptionHistory = { sub, gaps: [] };
    this.subscriptions.push(forgotten);
    return forgotten;
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
