import { type ExplanationQuery, explainQuery, readExplanation } from './api/explanation.ts';
import { type ClusterReload, type ReloadAnswers, reportReload } from './api/routes/reload.ts';
import { type IssueTicket, issueNamed, type Ticket } from './api/routes/tickets.ts';
import type { OperationExplanation } from './hooks/explain-operation.ts';
import type { BridgeList, BridgeReport } from './manage/bridge-list.ts';
import type { HookList, HookReport, OneHook } from './manage/hook-list.ts';
import type { PageQuery } from './manage/manage.ts';
import type { RevocationList, RevocationPage } from './manage/revocation-list.ts';
import {
  checkCount,
  checkFlag,
  checkLimit,
  checkText,
  checkUser,
  invalid,
  orThrow,
  perform,
} from './program-checks.ts';
import { ProgramWebhooks } from './program-webhooks.ts';
import { Refusal } from './refusal.ts';
import type { Services } from './session/services.ts';
import { SluiceError } from './sluice-error.ts';
import { LONGEST_TAP, type Tap } from './tap/tap.ts';
import { linesOf, type TapLine } from './tap/tap-lines.ts';
import { readTapTarget } from './tap/tap-target.ts';
import type { Webhooks } from './webhooks/webhooks.ts';
import {
  DECISION_KINDS,
  type DecisionList,
  type DecisionsQuery,
  type RecentDecisions,
} from './why/recent-decisions.ts';
import type { Why, WhyAnswer, WhyQuery } from './why/why.ts';
import { refuseWhyQuery } from './why/why-query.ts';

/** What a tap observes: give `user` or `channel`. */
export interface TapQuery {
  readonly user?: string;
  readonly channel?: string;
  /** 1 to 60; default 60. */
  readonly seconds?: number;
  /** Include the data of commands and messages. The log names the tap. */
  readonly payloads?: boolean;
}

/** For whom a ticket for event streams is, and for which channels. */
export interface TicketRequest {
  /** 1 to 100 names or patterns of channels. */
  readonly channels: readonly string[];
  /** The claims of the user, as a token has them: `sub` must be given. Default lifetime: an hour. */
  readonly claims: Readonly<Record<string, unknown>> & { readonly sub: string };
}

/** What belongs to the process, not to one of its apps. */
export interface ProcessOperations {
  /** Notifies all nodes. */
  readonly drain: (node: string) => void | Promise<void>;
  readonly reload: () => Promise<ReloadAnswers>;
}

export interface OperationParts {
  readonly services: Services;
  readonly hookList: HookList;
  readonly bridgeList: BridgeList;
  readonly revocationList: RevocationList;
  readonly recentDecisions: RecentDecisions;
  readonly why: Why;
  readonly tap: Tap;
  readonly webhooks: { readonly webhooks: Webhooks } | undefined;
  /** Absent: event streams are disabled. */
  readonly issueTicket: IssueTicket | undefined;
  /** Absent: it is an app among others. */
  readonly process: ProcessOperations | undefined;
}

const NO_STREAMS = new Refusal('not_found', 'event streams are disabled. Remove "sse: false" from the configuration');
const NO_PROCESS = new Refusal(
  'not_found',
  'an app is drained and reloaded with its gateway. Call the method of the gateway, not of the app',
);
const CONNECTION_TEXTS = ['connection', 'message'] as const;

/** What an operator does with a gateway: the part of `manage` that is not about single channels and users. */
export abstract class ProgramOperations {
  /** The endpoints of webhooks. */
  readonly webhooks: ProgramWebhooks;
  readonly #parts: OperationParts;

  constructor(parts: OperationParts) {
    this.#parts = parts;
    this.webhooks = new ProgramWebhooks(parts.webhooks?.webhooks, parts.services.clock);
  }

  /** The hooks by name, with their state and their numbers. */
  hooks(): Promise<HookReport> {
    return perform(() => this.#parts.hookList.report());
  }

  /** One hook. @throws SluiceError `not_found` */
  hook(name: string): Promise<OneHook> {
    return perform(() => {
      checkText('name', name);
      return this.#parts.hookList.find(name);
    });
  }

  /** The bridges by name, with their state and their numbers. */
  bridges(): Promise<BridgeReport> {
    return perform(() => this.#parts.bridgeList.report());
  }

  /**
   * May somebody do something on a channel, what decides, and what would change it?
   *
   * @param query a token, or the claims of one; without both, an anonymous connection
   * @example
   * ```ts
   * const query = { channel: 'chat:lobby', verb: 'publish', identity: { user: 'ada' } } as const;
   * const { allowed, message } = await gateway.manage.explain(query);
   * ```
   */
  explain(query: ExplanationQuery): Promise<OperationExplanation> {
    return perform(() => explainQuery(this.#parts.services, orThrow(readExplanation(query))));
  }

  /**
   * What became of a message for a user, or on one connection, on all nodes.
   *
   * @param query `user` or `connection`; and `message`, the id of the message, or `channel` and `offset`
   * @example
   * ```ts
   * const { outcome, summary } = await gateway.manage.why({ user: 'ada', channel: 'chat:lobby', offset: 42 });
   * ```
   */
  why(query: WhyQuery): Promise<WhyAnswer> {
    const { why } = this.#parts;
    return perform(async () => {
      checkWhyQuery(query);
      const subject = orThrow(await why.find(query, async () => null));
      return why.explain(subject, query);
    });
  }

  /** The latest decisions about connections on all nodes, newest first. */
  decisions(query: DecisionsQuery = {}): Promise<DecisionList> {
    return perform(() => {
      checkDecisionsQuery(query);
      return this.#parts.recentDecisions.list(query);
    });
  }

  /**
   * What all nodes do for a user or on a channel, live, for at most 60 seconds. Leaving the loop ends it.
   *
   * @throws SluiceError `command_invalid`, `channel_invalid`; `rate_limited` if this node has too many taps
   * @example
   * ```ts
   * for await (const line of gateway.manage.tap({ user: 'ada', seconds: 10 })) console.log(line);
   * ```
   */
  async *tap({ user, channel, seconds = LONGEST_TAP, payloads = false }: TapQuery): AsyncGenerator<TapLine, void> {
    if (user !== undefined) checkUser(user);
    if (channel !== undefined) checkText('channel', channel);
    checkFlag('payloads', payloads);
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > LONGEST_TAP) {
      throw invalid(`"seconds" must be a whole number from 1 to ${LONGEST_TAP}`);
    }
    const target = orThrow(readTapTarget(user ?? null, channel ?? null));
    yield* linesOf(orThrow(this.#parts.tap.start({ target, seconds, payloads, by: 'the program' })));
  }

  /** A page of the revocations in force. */
  revocations(query: PageQuery = {}): Promise<RevocationPage> {
    return perform(() => {
      checkLimit(query.limit);
      return this.#parts.revocationList.page(query);
    });
  }

  /** Issues a one-time ticket, with which a page of this user opens an event stream. */
  issueTicket(request: TicketRequest): Promise<Ticket> {
    const { issueTicket, services } = this.#parts;
    return perform(() => issueNamed(request, orThrow(issueTicket ?? NO_STREAMS), services.clock.now()));
  }

  /** Lets a node close its connections and stop. Its name is that in `nodes()`. */
  async drain(node: string): Promise<void> {
    await perform(async () => {
      checkText('node', node);
      await orThrow(this.#parts.process ?? NO_PROCESS).drain(node);
      return {};
    });
  }

  /** Lets all nodes read their configuration again. Each applies it completely, or changes nothing. */
  reload(): Promise<ClusterReload> {
    return perform(async () => reportReload(await orThrow(this.#parts.process ?? NO_PROCESS).reload()));
  }
}

/** @throws SluiceError */
function checkWhyQuery(query: WhyQuery): void {
  checkObject(query);
  if (query.user !== undefined) checkUser(query.user);
  for (const name of CONNECTION_TEXTS) if (query[name] !== undefined) checkText(name, query[name]);
  if (query.channel !== undefined) checkText('channel', query.channel);
  checkCount('offset', query.offset, 1);
  orThrow(refuseWhyQuery(query) ?? query);
}

/** @throws SluiceError */
function checkDecisionsQuery({ user, connection, channel, kind, after, until, limit }: DecisionsQuery): void {
  if (user !== undefined) checkUser(user);
  if (connection !== undefined) checkText('connection', connection);
  if (channel !== undefined) checkText('channel', channel);
  checkCount('after', after);
  checkCount('until', until);
  checkLimit(limit);
  if (kind === undefined || DECISION_KINDS.includes(kind)) return;
  throw new SluiceError('command_invalid', `"kind" must be one of ${DECISION_KINDS.join(', ')}`);
}

function checkObject(query: unknown): void {
  if (typeof query !== 'object' || query === null) throw invalid('the question must be an object');
}
