import type { Json } from '@sluice/protocol';
import { CLIENT_RETRY } from '../channels/budgets.ts';
import type { Answers, Cluster } from '../cluster/cluster.ts';
import { Refusal } from '../refusal.ts';
import { findById, readSubject, SEARCHED } from './find-message.ts';
import type { MessagePlace } from './published-messages.ts';
import { Review, type ReviewServices, type Who } from './review.ts';
import { BEST_FIRST, type OutcomeName, type Subject, type Verdict } from './verdict.ts';

/** What became of which message, for whom? Either `message`, its id, or `channel` and `offset`. */
export interface WhyQuery extends Who {
  readonly message?: string;
  readonly channel?: string;
  readonly offset?: number;
}

/** What became of a message, on all nodes. */
export interface WhyAnswer {
  readonly message: Subject;
  /** The best outcome of all connections; `offline`: there was no connection. */
  readonly outcome: OutcomeName | 'offline';
  /** `outcome` in one sentence. */
  readonly summary: string;
  readonly connections: readonly (Verdict & { readonly node: string })[];
  /** From when on all nodes that answered remember everything, in ms since the Unix epoch. */
  readonly since: number | null;
  /** More connections than are listed. */
  readonly more: number;
  /** Nodes that did not answer: what became of the message there is unknown. */
  readonly missing: readonly string[];
}

/** What one node answers to another. */
interface LocalAnswer {
  readonly verdicts: readonly Verdict[];
  readonly more: number;
  readonly since: number | null;
}

/** Connections that one node lists. */
const MOST_CONNECTIONS = 200;

export interface WhyParts extends ReviewServices {
  readonly cluster: Pick<Cluster, 'ask' | 'answer'>;
}

/** May the asker know about this channel? `null`: it may. */
export type RefuseChannel = (channel: string) => Promise<Refusal | null>;

/** Explains why a user has a message, or not. */
export class Why {
  readonly #parts: WhyParts;

  constructor(parts: WhyParts) {
    this.#parts = parts;
    parts.cluster.answer('why.find', (id) => ({ place: parts.ring.published.find(id as string) ?? null }));
    parts.cluster.answer('why.review', (query) => this.#review(query as unknown as { subject: Subject; who: Who }));
  }

  /**
   * Finds the message that a query is about.
   *
   * @param refuse asked about the channel of a message, if the query does not name the channel. A message that
   *   the asker may not know about is answered like one that does not exist.
   */
  async find({ message: id, channel, offset }: WhyQuery, refuse: RefuseChannel): Promise<Subject | Refusal> {
    const { log } = this.#parts;
    if (channel !== undefined && offset !== undefined) {
      return (await readSubject(log, { channel, offset })) ?? notInLog(channel, offset);
    }
    if (id === undefined) return new Refusal('command_invalid', 'name the message: its id, or its channel and offset');
    const { place: known, missing } = await this.#findPublished(id);
    const place = known ?? (channel && (await findById(log, channel, id)));
    if (!place || (channel !== undefined && place.channel !== channel)) return unknownMessage(id, channel, missing);
    if (channel === undefined && (await refuse(place.channel)) !== null) {
      return unknownMessage(id, channel, (await this.#askNodes(id)).missing); // as if it did not exist
    }
    return (await readSubject(log, place)) ?? notInLog(place.channel, place.offset);
  }

  /** `missing`: nodes that may remember the message, and did not answer. */
  async #findPublished(id: string): Promise<{ place?: MessagePlace; missing: readonly string[] }> {
    const own = this.#parts.ring.published.find(id);
    return own === undefined ? this.#askNodes(id) : { place: own, missing: [] };
  }

  async #askNodes(id: string): Promise<{ place?: MessagePlace; missing: readonly string[] }> {
    const { answers, missing } = await this.#parts.cluster.ask<{ place: MessagePlace | null }>('why.find', id);
    for (const { answer } of answers) if (answer.place !== null) return { place: answer.place, missing };
    return { missing };
  }

  /** Asks all nodes what became of the message. */
  async explain(subject: Subject, who: Who): Promise<WhyAnswer> {
    const query = { subject, who } as unknown as Json;
    return summarize(subject, who, await this.#parts.cluster.ask<LocalAnswer>('why.review', query));
  }

  async #review({ subject, who }: { readonly subject: Subject; readonly who: Who }): Promise<LocalAnswer> {
    const review = await Review.of(this.#parts, subject);
    const all = await review.verdicts(who);
    const verdicts = all.slice(0, MOST_CONNECTIONS);
    return { verdicts, more: all.length - verdicts.length, since: this.#parts.ring.since ?? null };
  }
}

function summarize(subject: Subject, who: Who, { answers, missing }: Answers<LocalAnswer>): WhyAnswer {
  const connections = answers
    .flatMap(({ node, answer }) => answer.verdicts.map((verdict) => ({ ...verdict, node })))
    .sort((a, b) => rankOf(a) - rankOf(b));
  const since = latest(answers.map(({ answer }) => answer.since));
  const more = answers.reduce((sum, { answer }) => sum + answer.more, 0);
  const [best] = connections;
  const outcome = best?.outcome ?? 'offline';
  const unsure =
    missing.length === 0 ? '' : ` ${missing.length} of the nodes did not answer, so this may be incomplete.`;
  const summary = `${best === undefined ? offline(who, since) : `${nameOf(who)}: ${best.message.replace(/\.$/, '')}.`}${unsure}`;
  return { message: subject, outcome, summary, connections, since, more, missing };
}

const rankOf = ({ outcome }: Verdict): number => BEST_FIRST.indexOf(outcome);

const latest = (times: readonly (number | null)[]): number | null =>
  times.reduce<number | null>((later, time) => (time !== null && time > (later ?? 0) ? time : later), null);

const nameOf = ({ user, connection }: Who): string =>
  user === undefined ? `connection "${connection}"` : `user "${user}"`;

const offline = (who: Who, since: number | null): string =>
  since === null
    ? `No connection of ${nameOf(who)} is open, and the nodes remember nothing (log.decisions).`
    : `${nameOf(who)} had no connection since ${new Date(since).toISOString()}, which is as far back as all nodes remember.`;

const notInLog = (channel: string, offset: number): Refusal =>
  new Refusal('not_found', `the log of "${channel}" has no message with the offset ${offset} yet`);

/** A node that did not answer may know better: then it is no answer yet. */
function unknownMessage(id: string, channel: string | undefined, missing: readonly string[]): Refusal {
  const shown = JSON.stringify(id.slice(0, 60));
  const who = missing.length === 0 ? 'no node' : 'no other node';
  const unknown =
    channel === undefined
      ? `${who} remembers a message ${shown}. Give its channel too, so that its log is searched`
      : `the newest ${SEARCHED} messages of "${channel}" have no message ${shown}`;
  if (missing.length === 0) return new Refusal('not_found', unknown);
  return new Refusal('unavailable', `${missing.join(', ')} did not answer, and ${unknown}`, CLIENT_RETRY);
}
