import { type Conditions, EVERY } from '@sluice/protocol';
import { type Identity, sameClaims } from '../auth/identity.ts';
import { type Authority, authorize, type Decision } from '../channels/authorize.ts';
import type { Standing } from '../channels/standing.ts';
import type { Asker } from '../hooks/asked-together.ts';
import type { Hooks } from '../hooks/hooks.ts';
import { Refusal } from '../refusal.ts';
import { chain, type NowOrLater } from '../util/now-or-later.ts';
import type { FairScheduler, Resumable } from './fair-scheduler.ts';
import type { Registered } from './registry.ts';
import type { SessionContext } from './session-context.ts';

/** Steps in one turn of the event loop: a fraction of a millisecond, however many capabilities the token has. */
export const STEPS = 64;

/** What decides, and about which channels. Without `hooks`, hooks are not asked. */
interface Reviewer extends Authority {
  readonly hooks?: Hooks;
  /** The channels that are reviewed. Default: all. */
  readonly only?: ((channel: string) => boolean) | undefined;
  /** For the client, about what ends. Default: the reason of the refusal. */
  readonly message?: string | undefined;
  /** Something is no longer allowed, and ends. */
  readonly onEnd?: ((standing: Standing) => void) | undefined;
}

type Steps = Generator<Promise<void> | void>;

/**
 * Checks everything that sessions hold after a token or the rules were replaced: what is no longer
 * allowed ends, and the rest adapts to a new token. Each turn takes a bounded number of steps, so
 * that no other connection waits for thousands of them.
 */
export class PermissionReview implements Resumable {
  readonly #scheduler: FairScheduler;
  readonly #steps: Steps;
  readonly #late: Promise<void>[] = [];
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;

  private constructor(scheduler: FairScheduler, steps: Steps) {
    this.#scheduler = scheduler;
    this.#steps = steps;
  }

  /** @param before the session's identity under the token before */
  static ofToken(session: SessionContext, before: Identity): PermissionReview {
    return new PermissionReview(session.services.scheduler, untilClosed(session, stepsOf(session, before)));
  }

  /**
   * Reviews these sessions one after the other, by the rules; hooks are not asked.
   *
   * @param only reviews only what they hold on these channels; default: everything
   */
  static ofRules(
    sessions: readonly Registered[],
    { scheduler, ...authority }: Authority & { scheduler: FairScheduler },
    only: (channel: string) => boolean = () => true,
  ): PermissionReview {
    const { rules, events, clock } = authority;
    return new PermissionReview(scheduler, stepsOfAll(sessions, { rules, events, clock, only }));
  }

  /**
   * Asks the hooks again about everything that these sessions hold.
   *
   * @param only asks only about what they hold on these channels; default: everything
   * @param message for the clients, about what ends; default: why it is no longer allowed
   * @param onEnd called for everything that ends
   */
  static ofHooks(
    sessions: readonly Registered[],
    { scheduler, hooks, ...authority }: Authority & { scheduler: FairScheduler; hooks: Hooks },
    { only, message, onEnd }: Pick<Reviewer, 'only' | 'message' | 'onEnd'> = {},
  ): PermissionReview {
    const { rules, events, clock } = authority;
    return new PermissionReview(scheduler, stepsOfAll(sessions, { rules, events, clock, hooks, only, message, onEnd }));
  }

  /** Resolves when everything has been checked, or the connection has closed. */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.resume();
    });
  }

  resume(): void {
    try {
      if (!this.#takeSteps()) this.#scheduler.add(this);
      else Promise.all(this.#late).then(() => this.#settle?.resolve(), this.#settle?.reject);
    } catch (error) {
      this.#settle?.reject(error);
    }
  }

  /** @returns whether all steps are done */
  #takeSteps(): boolean {
    for (let taken = 0; taken < STEPS; taken++) {
      const { done, value } = this.#steps.next();
      if (done === true) return true;
      if (value instanceof Promise) this.#wait(value);
    }
    return false;
  }

  #wait(late: Promise<void>): void {
    this.#late.push(late);
    late.catch(() => {}); // `run` rejects at the end; an unhandled rejection would end the process before
  }
}

/** An error in one session is reported at the end: the other sessions are reviewed all the same. */
function* stepsOfAll(sessions: readonly Registered[], authority: Reviewer): Steps {
  for (const session of sessions) {
    try {
      yield* untilClosed(session, endForbidden(session, authority));
    } catch (error) {
      yield Promise.reject(error);
    }
    yield; // a session that holds nothing is a step, too
  }
}

function* untilClosed(session: Registered, steps: Steps): Steps {
  while (session.state !== 'closed') {
    const { done, value } = steps.next();
    if (done === true) return;
    yield value;
  }
}

function* stepsOf(session: SessionContext, before: Identity): Steps {
  const { identity, services, standings } = session;
  if (services.rules.decideAnew || services.hooks.active || !sameClaims(before, identity))
    yield* endForbidden(session, services);
  for (const standing of [...standings]) {
    if (standing.refreshed === undefined || standing.ended) continue;
    standing.refreshed(before);
    yield;
  }
}

/**
 * Ends what is no longer allowed. What the client begins meanwhile is checked against the new token anyway.
 *
 * @yields a promise if a function of the rule, or a hook, answers with one
 */
function* endForbidden(session: Registered, reviewer: Reviewer): Steps {
  const asker = new ReviewAsker(session);
  try {
    for (const standing of [...session.standings]) {
      const isMeant = !standing.ended && reviewer.only?.(standing.channelName) !== false;
      if (isMeant) yield recheck(session, standing, { ...reviewer, asker });
    }
  } finally {
    asker.done = true;
  }
}

/** Asks the hooks about everything that a session holds in one call. */
class ReviewAsker implements Asker {
  readonly #session: Registered;
  done = false;

  constructor(session: Registered) {
    this.#session = session;
  }

  get hasMore(): boolean {
    return !this.done && this.#session.state !== 'closed';
  }
}

/** What was decided about one thing that a session holds. */
interface Ruling {
  readonly decision: Decision;
  readonly forced?: Conditions;
}

/** Ends one thing if it is no longer allowed; otherwise it adapts. */
function recheck(
  session: Registered,
  standing: Standing,
  reviewer: Reviewer & { readonly asker: Asker },
): Promise<void> | void {
  const { identity } = session;
  const { verb, channelName } = standing;
  const asked = chain(authorize(reviewer, identity, verb, channelName), (decision) =>
    askHook(session, standing, { ...reviewer, decision }),
  );
  if (!(asked instanceof Promise)) {
    adapt(session, standing, asked, reviewer);
    return;
  }
  const rule = reviewer.rules.match(channelName)?.rule;
  return asked.then((ruling) => {
    // A newer token, or newer rules, have a review of their own.
    const isInForce = session.identity === identity && reviewer.rules.match(channelName)?.rule === rule;
    if (session.state !== 'closed' && isInForce) adapt(session, standing, ruling, reviewer);
  });
}

/** Hooks decide about subscriptions and memberships. */
function askHook(
  session: Registered,
  { verb, channelName }: Standing,
  { hooks, asker, decision }: Reviewer & { readonly asker: Asker; readonly decision: Decision },
): NowOrLater<Ruling> {
  if (hooks === undefined || decision instanceof Refusal || (verb !== 'subscribe' && verb !== 'enter')) {
    return { decision };
  }
  const { identity: by, connection } = session;
  const about = { channel: channelName, log: decision.log, verb };
  const verdict = hooks.ask({ kind: 'recheck', by, asker, connection: connection.id, ...about, anew: true });
  return chain(verdict, (answer) => {
    if (answer instanceof Refusal) return { decision: answer };
    return answer === null ? { decision } : { decision, forced: answer.filter ?? EVERY };
  });
}

function adapt(
  session: Registered,
  standing: Standing,
  { decision, forced }: Ruling,
  { message, onEnd }: Pick<Reviewer, 'message' | 'onEnd'>,
): void {
  if (standing.ended) return;
  const isDenied = decision instanceof Refusal;
  if (!isDenied && standing.reviewed?.(decision, session.identity, forced) !== false) return;
  onEnd?.(standing);
  void session.end(standing, 'permission', message ?? (isDenied ? decision.body.message : undefined));
}
