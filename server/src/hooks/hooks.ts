import { type Identity, isBackend } from '../auth/identity.ts';
import { CLIENT_RETRY } from '../channels/budgets.ts';
import type { EventBus } from '../events.ts';
import type { HookConfig, HookKind } from '../hook.ts';
import { CallFailed } from '../outgoing/call-failed.ts';
import { Refusal } from '../refusal.ts';
import type { Clock } from '../util/clock.ts';
import type { NowOrLater } from '../util/now-or-later.ts';
import type { Turn } from '../util/turn.ts';
import { ActiveHook } from './active-hook.ts';
import { AnswerCache, type Subject } from './answer-cache.ts';
import { AskedTogether } from './asked-together.ts';
import { findHook } from './find-hook.ts';
import type { HookAnswer } from './hook-answer.ts';
import { callOf, type HookQuestion, REMEMBERED_KINDS } from './hook-question.ts';
import { HookRecord, type HookStatus } from './hook-record.ts';
import type { HookTarget } from './hook-target.ts';
import { digest, identityKey } from './identity-key.ts';

/** What a hook has decided; `null`: no hook is responsible. */
export type HookVerdict = HookAnswer | Refusal | null;

export interface HooksOptions {
  readonly hooks: readonly HookConfig[];
  readonly events: EventBus;
  readonly clock: Clock;
  readonly turn: Turn;
  /** Makes what answers the questions of a hook. */
  readonly createTarget: (config: HookConfig) => HookTarget;
}

/** A question for which a hook was found. */
interface Item {
  readonly hook: ActiveHook;
  readonly kind: HookKind;
  readonly question: HookQuestion;
  readonly resolve: (verdict: HookVerdict) => void;
  /** A recheck was requested, or the hooks were replaced, since it was asked: the answer may be out of date. */
  isOutdated: boolean;
}

/** Channels for which the responsible hooks are remembered. */
const MOST_FOUND = 20_000;

/** The hooks of this gateway: they decide what clients may do, after rules and tokens have permitted it. */
export class Hooks {
  readonly #options: HooksOptions;
  readonly #cache: AnswerCache;
  readonly #together: AskedTogether<Item>;
  readonly #found = new Map<string, ActiveHook | null>();
  /** Questions without an answer whose answers may be remembered. */
  readonly #unanswered = new Set<Item>();
  #hooks: readonly ActiveHook[] = [];
  #rechecks = 0;

  constructor(options: HooksOptions) {
    this.#options = options;
    this.#cache = new AnswerCache(options.clock);
    this.#together = new AskedTogether(options.turn, (items) => this.#ask(items));
    this.replace(options.hooks);
  }

  /** Replaces the hooks. Remembered answers are forgotten; what became of the calls is not. */
  replace(configs: readonly HookConfig[]): void {
    for (const { target } of this.#hooks) target.close();
    const { events, clock, createTarget } = this.#options;
    const records = new Map(this.#hooks.map(({ config, record }) => [config.name, record]));
    this.#hooks = configs.map((config) => {
      const record = records.get(config.name) ?? new HookRecord();
      return new ActiveHook({ config, target: createTarget(config), record, events, clock });
    });
    this.#found.clear();
    this.#cache.clear();
    for (const item of this.#unanswered) item.isOutdated = true;
  }

  close(): void {
    for (const { target } of this.#hooks) target.close();
  }

  /** Is there any hook? */
  get active(): boolean {
    return this.#hooks.length > 0;
  }

  /** The configurations of the hooks in force. */
  get configs(): readonly HookConfig[] {
    return this.#hooks.map(({ config }) => config);
  }

  /** How the hooks do on this node. */
  get status(): readonly HookStatus[] {
    return this.#hooks.map((hook) => hook.status);
  }

  /** How many rechecks were requested. */
  get rechecks(): number {
    return this.#rechecks;
  }

  /** The hook with this name. */
  named(name: string): ActiveHook | undefined {
    return this.#hooks.find(({ config }) => config.name === name);
  }

  /** Would a hook be asked about this? Backends are not subject to hooks. */
  applies(kind: HookKind, by: Identity, channel?: string): boolean {
    return this.active && !isBackend(by) && this.#find(kind, channel) !== null;
  }

  /** Asks the responsible hook. Never rejects: a hook that fails is a verdict, by its `onFailure`. */
  ask(question: HookQuestion): NowOrLater<HookVerdict> {
    const { kind, by, channel, log = channel } = question;
    if (!this.active || isBackend(by)) return null;
    const found = this.#findFor(question, log);
    if (found === null) return null;
    const mayKnow = question.anew !== true && REMEMBERED_KINDS.has(found.kind);
    const remembered = mayKnow ? this.#cache.fresh(keyOf(found, kind, question)) : undefined;
    if (remembered !== undefined) {
      found.hook.record.hit();
      return verdictOf(found.hook, question, remembered);
    }
    return new Promise((resolve) => this.#add({ ...found, question, resolve, isOutdated: false }));
  }

  #add(item: Item): void {
    if (REMEMBERED_KINDS.has(item.kind)) this.#unanswered.add(item);
    this.#together.add(item.question.asker, `${item.hook.config.name} ${item.kind}`, item);
  }

  /**
   * What a user may do has changed: remembered answers about the user spare no question any more, and
   * questions that are on their way are asked again.
   *
   * @param matches about which channels; for `connect`, the channel is `undefined`
   */
  forget(user: string, matches: (channel: string | undefined) => boolean): void {
    this.#rechecks++;
    this.#cache.expireUser(user, matches);
    for (const item of this.#unanswered) {
      const { by, channel } = item.question;
      if (by.user === user && matches(channel)) item.isOutdated = true;
    }
  }

  /** Asks what was collected. Call it at the end of a turn. */
  flush(): void {
    this.#together.flush();
  }

  /** A recheck without a hook of its own is asked as the operation is. */
  #findFor({ kind, verb }: HookQuestion, channel: string | undefined): Pick<Item, 'hook' | 'kind'> | null {
    const hook = this.#find(kind, channel);
    if (hook !== null) return { hook, kind };
    if (kind !== 'recheck') return null;
    const first = verb === 'enter' ? 'enter' : 'subscribe';
    const other = this.#find(first, channel);
    return other && { hook: other, kind: first };
  }

  #find(kind: HookKind, channel: string | undefined): ActiveHook | null {
    const key = `${kind} ${channel ?? ''}`;
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    if (this.#found.size >= MOST_FOUND) this.#found.clear();
    const found = findHook(this.#hooks, kind, channel);
    this.#found.set(key, found);
    return found;
  }

  /** Asks the questions of one asker to one hook; a client that has replaced its token asks under both. */
  #ask(items: readonly Item[]): void {
    const byIdentity = new Map<Identity, Item[]>();
    for (const item of items) {
      const group = byIdentity.get(item.question.by);
      if (group === undefined) byIdentity.set(item.question.by, [item]);
      else group.push(item);
    }
    for (const group of byIdentity.values()) void this.#askGroup(group);
  }

  async #askGroup(items: readonly Item[]): Promise<void> {
    const [first] = items;
    if (first === undefined) return;
    const { hook, kind } = first;
    const calls = items.map((item) => callOf(kind, item.question));
    // One call has one trace: that of the first question that has one.
    const traced = items.find((item) => item.question.traceparent !== undefined);
    const answers = await hook.ask(kind, calls, traced?.question.traceparent);
    for (const [at, item] of items.entries()) this.#receive(item, answers[at]);
  }

  #receive(item: Item, answer: HookAnswer | CallFailed | undefined): void {
    this.#unanswered.delete(item);
    if (!item.isOutdated) item.resolve(this.#settle(item, answer));
    else void Promise.resolve(this.ask({ ...item.question, anew: true })).then(item.resolve);
  }

  #settle(item: Item, answer: HookAnswer | CallFailed | undefined): HookVerdict {
    const { hook, question } = item;
    const key = keyOf({ hook }, question.kind, question);
    if (answer === undefined || answer instanceof CallFailed) return this.#fail(hook, question, { key, answer });
    this.#remember(item, key, answer);
    return verdictOf(hook, question, answer);
  }

  /** The answer of a recheck replaces what any hook has answered before about the same. */
  #remember({ hook, kind, question }: Item, key: string, answer: HookAnswer): void {
    if (!REMEMBERED_KINDS.has(kind)) return;
    const subject = subjectOf(question);
    if (question.kind === 'recheck') {
      if (answer.allow) this.#cache.expire(subject);
      else this.#cache.drop(subject);
    }
    // A recheck says whether somebody may stay a member. What others see of the member stays as it is.
    const info = kind === 'recheck' ? this.#cache.last(key)?.info : undefined;
    const remembered = info === undefined ? answer : { ...answer, info };
    const ttl = answer.ttl ?? hook.config.ttl;
    if (ttl > 0 || hook.config.onFailure === 'cached') this.#cache.keep(key, remembered, { subject, ttl });
  }

  #fail(
    hook: ActiveHook,
    question: HookQuestion,
    { key, answer }: { readonly key: string; readonly answer: CallFailed | undefined },
  ): HookVerdict {
    const { name, onFailure } = hook.config;
    if (onFailure === 'allow') return { allow: true };
    const last = onFailure === 'cached' ? this.#cache.last(key) : undefined;
    if (last !== undefined) {
      hook.record.fellBack();
      return verdictOf(hook, question, last);
    }
    return new Refusal(
      'unavailable',
      `the hook "${name}" gave no answer (${answer?.failure ?? 'invalid'})`,
      CLIENT_RETRY,
    );
  }
}

/** Answers are remembered by hook, verb, identity, channel and state: a recheck replaces the answer of the operation. */
function keyOf({ hook }: Pick<Item, 'hook'>, kind: HookKind, { by, channel, verb, state }: HookQuestion): string {
  const key = `${hook.config.name} ${verb ?? kind} ${identityKey(by)} ${channel ?? ''}`;
  return state === undefined ? key : `${key} ${digest(state)}`;
}

function subjectOf({ kind, by, channel, verb }: HookQuestion): Subject {
  const operation = verb === 'enter' ? 'enter' : 'subscribe';
  return { user: by.user, channel, operation: kind === 'connect' ? 'connect' : operation };
}

function verdictOf(hook: ActiveHook, { kind, channel, verb }: HookQuestion, answer: HookAnswer): HookVerdict {
  if (answer.allow) return answer;
  if (kind === 'connect') return new Refusal('connect_denied', answer.message);
  const what = `"${verb ?? kind}" on "${channel ?? ''}"`;
  const { name } = hook.config;
  return new Refusal('permission_denied', answer.message ?? `the hook "${name}" does not allow ${what}`).advise(
    `The hook "${name}" decides this: your backend must allow it.`,
  );
}
