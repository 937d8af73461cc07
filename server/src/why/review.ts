import { type Message, matches, type Position, writeFilter } from '@sluice/protocol';
import { explain } from '../auth/explain.ts';
import type { Identity } from '../auth/identity.ts';
import { type Cursor, SUBSCRIPTIONS } from '../channels/cursor.ts';
import type { Rules } from '../channels/rules.ts';
import type { Log } from '../engine/engine.ts';
import type { Registered, Registry } from '../session/registry.ts';
import type { Clock } from '../util/clock.ts';
import type { DecisionRing } from './decision-ring.ts';
import { ConnectionHistory, historiesOf, type SubscriptionHistory } from './history.ts';
import { type Outcome, type Subject, type Verdict, wordsFor } from './verdict.ts';

export interface ReviewServices {
  readonly registry: Registry;
  readonly rules: Rules;
  readonly log: Log;
  readonly ring: DecisionRing;
  readonly clock: Clock;
}

/** Whose connections: those of a user, or one. */
export interface Who {
  readonly user?: string;
  readonly connection?: string;
}

/** Explains what became of one message on the connections of one node. */
export class Review {
  readonly #services: ReviewServices;
  readonly #subject: Subject;
  readonly #message: Message | undefined;

  private constructor(services: ReviewServices, subject: Subject, message: Message | undefined) {
    this.#services = services;
    this.#subject = subject;
    this.#message = message;
  }

  /** Reads the message, because filters look at its content. */
  static async of(services: ReviewServices, subject: Subject): Promise<Review> {
    const { epoch, messages } = await services.log.read(subject.channel, subject.offset - 1, 1);
    const message = messages[0]?.message;
    const isIt = epoch === subject.epoch && message?.offset === subject.offset;
    return new Review(services, subject, isIt ? message : undefined);
  }

  async verdicts(who: Who): Promise<Verdict[]> {
    const histories = historiesOf(this.#services.ring, this.#subject.channel);
    const open = this.#openSessions(who);
    const verdicts: Verdict[] = [];
    for (const session of open) {
      const history = histories.get(session.connection.id) ?? new ConnectionHistory();
      verdicts.push(...(await this.#ofOpen(session, history)));
    }
    const known = new Set(open.map(({ connection }) => connection.id));
    for (const [connection, history] of histories) {
      if (!known.has(connection) && isMeant(who, connection, history.user)) {
        verdicts.push(...this.#ofClosed(connection, history));
      }
    }
    return verdicts;
  }

  #openSessions(who: Who): readonly Registered[] {
    const all = this.#services.registry.all();
    return all.filter(({ connection, identity }) => isMeant(who, connection.id, identity.user));
  }

  // Open connections -------------------------------------------------------------------------------------------------

  async #ofOpen(session: Registered, history: ConnectionHistory): Promise<Verdict[]> {
    const { user } = session.identity;
    const of = { connection: session.connection.id, user, open: true };
    const { channel: log } = this.#subject;
    const cursors = [...session.standings.of(SUBSCRIPTIONS).values()].filter(({ channel }) => channel.name === log);
    const found = cursors.map((cursor) => this.#word(this.#ofCursor(cursor, history), { ...of, ...named(cursor) }));
    const ended = history.subscriptions.filter(({ end }) => end !== undefined);
    for (const subscription of ended) found.push(this.#word(this.#ofEnded(subscription, history), of));
    if (found.length > 0) return bestOf(found);
    return [this.#word(await this.#ofNone(session.identity, history), of)];
  }

  #ofCursor(cursor: Cursor, history: ConnectionHistory): Outcome {
    const { variant, channel, subscriber, sent, state } = cursor;
    const begun = history.current(variant.sub);
    const conditions = variant.filter?.conditions;
    const excluded = this.#excluded(sent, { start: begun?.start, conditions, gaps: begun?.gaps ?? [] });
    if (excluded !== null) return excluded;
    const { epoch, offset } = this.#subject;
    const unread = subscriber.connection.buffered;
    const isPassed = sent.epoch === epoch && offset <= sent.offset;
    const expired = this.#expired(subscriber.connection.id, isPassed);
    if (expired !== null) return expired;
    if (isPassed) {
      return this.#delivered(subscriber.connection.id, { hasStart: begun !== undefined, unread });
    }
    if (state === 'live') return { outcome: offset <= channel.head ? 'waiting' : 'unannounced' };
    const by = sent.epoch === epoch ? offset - sent.offset : offset;
    return { outcome: 'behind', by, cause: history.replaying?.cause ?? null, unread };
  }

  async #ofNone(identity: Identity, { refused }: ConnectionHistory): Promise<Outcome> {
    const { channel } = this.#subject;
    if (refused !== undefined) return this.#ofRefused(refused);
    const match = this.#services.rules.match(channel);
    const { message } = await explain({ identity, verb: 'subscribe', channel, match });
    return { outcome: 'never_subscribed', permission: message };
  }

  #ofRefused({ error, detail }: NonNullable<ConnectionHistory['refused']>): Outcome {
    if (error !== 'permission_denied') return { outcome: 'refused', error, detail };
    const rule = this.#services.rules.match(this.#subject.channel)?.rule.pattern.source ?? null;
    return { outcome: 'denied', rule, detail };
  }

  // Closed connections -----------------------------------------------------------------------------------------------

  #ofClosed(connection: string, history: ConnectionHistory): Verdict[] {
    const of = { connection, user: history.user, open: false };
    const found = history.subscriptions.map((subscription) =>
      this.#word(this.#ofEnded(subscription, history), { ...of, ...naming(subscription) }),
    );
    if (found.length > 0) return bestOf(found);
    if (history.refused !== undefined) return [this.#word(this.#ofRefused(history.refused), of)];
    return [this.#word(closing(history), of)];
  }

  #ofEnded(subscription: SubscriptionHistory, history: ConnectionHistory): Outcome {
    const { end, start } = subscription;
    if (end === undefined) return closing(history);
    const excluded = this.#excluded(end.end, subscription);
    if (excluded !== null) return excluded;
    const { epoch, offset } = this.#subject;
    if (end.end.epoch === epoch && offset <= end.end.offset) {
      const expired = this.#expired(end.connection, true);
      if (expired !== null) return expired;
      return this.#delivered(end.connection, { hasStart: start !== undefined });
    }
    if (end.reason === 'closed') return closing(history);
    return { outcome: 'unsubscribed', end: end.end, reason: end.reason };
  }

  // Any subscription -------------------------------------------------------------------------------------------------

  /** Why the subscription was not sent the message, although its position may have passed it. */
  #excluded(
    sent: Position,
    { start, conditions, gaps }: Pick<SubscriptionHistory, 'start' | 'conditions' | 'gaps'>,
  ): Outcome | null {
    const { epoch, offset, channel } = this.#subject;
    const gap = gaps.find(({ from, to }) => this.#covers(from, to));
    if (gap !== undefined) return { outcome: 'gap', from: gap.from, to: gap.to, reason: gap.reason };
    if (start?.epoch === epoch && offset <= start.offset) return { outcome: 'subscribed_later', start };
    const wasTested = sent.epoch !== epoch || offset <= sent.offset;
    if (conditions === undefined || !wasTested) return null;
    if (this.#message === undefined) return NOTHING_TO_COMPARE;
    return matches(conditions, this.#message, channel)
      ? null
      : { outcome: 'filtered', filter: writeFilter(conditions) };
  }

  /** Had the message expired when it was its turn, or has it before its turn has come? */
  #expired(connection: string, isPassed: boolean): Outcome | null {
    const at = this.#message?.expiresAt;
    if (at === undefined) return null;
    const turn = isPassed ? this.#sentAt(connection) : this.#services.clock.now();
    return turn !== undefined && turn >= at ? { outcome: 'expired', at } : null;
  }

  #sentAt(connection: string): number | undefined {
    const { replays, fanOuts } = this.#services.ring;
    const { channel, offset } = this.#subject;
    return replays.find(connection, channel, offset) ?? fanOuts.find('', channel, offset);
  }

  /** Is the message in the gap? One that leads to another epoch begins with it. */
  #covers(from: Position, to: Position): boolean {
    const { epoch, offset } = this.#subject;
    return to.epoch === epoch && offset <= to.offset && (from.epoch !== epoch || from.offset < offset);
  }

  #delivered(connection: string, { hasStart, unread }: { hasStart: boolean; unread?: number }): Outcome {
    const { ring } = this.#services;
    const { channel, offset } = this.#subject;
    const replayed = ring.replays.find(connection, channel, offset);
    const at = replayed ?? ring.fanOuts.find('', channel, offset);
    if (at === undefined && !hasStart) return BEGIN_FORGOTTEN;
    const via = at === undefined ? null : replayed === undefined ? 'fan-out' : 'replay';
    return { outcome: 'delivered', via, ...(at !== undefined && { at }), ...(unread !== undefined && { unread }) };
  }

  #word(outcome: Outcome, of: Omit<Verdict, 'message' | 'outcome'>): Verdict {
    return { ...of, ...outcome, message: wordsFor(outcome, this.#subject) } as Verdict;
  }
}

const NOTHING_TO_COMPARE: Outcome = {
  outcome: 'unknown',
  detail: 'the subscription has a filter, and the log no longer holds the message to compare with it',
};

const BEGIN_FORGOTTEN: Outcome = {
  outcome: 'unknown',
  detail: 'the node no longer remembers when the subscription began. Raise log.decisions',
};

const isMeant = ({ user, connection }: Who, id: string, of: string | null): boolean =>
  connection === undefined ? user !== undefined && of === user : id === connection;

/** One that was delivered says it all; otherwise each subscription has its own reason. */
function bestOf(found: readonly Verdict[]): Verdict[] {
  const delivered = found.filter(({ outcome }) => outcome === 'delivered');
  return delivered.length > 0 ? delivered : [...found];
}

const closing = ({ closed }: ConnectionHistory): Outcome => ({
  outcome: 'closed',
  code: closed?.code ?? null,
  reason: closed?.reason ?? '',
});

const named = ({ channelName, variant: { sub } }: Cursor) => ({
  subscription: channelName,
  ...(sub !== undefined && { sub }),
});

const naming = ({ channel, sub }: SubscriptionHistory) => ({
  ...(channel !== undefined && { subscription: channel }),
  ...(sub !== undefined && { sub }),
});
