import { type Command, type CommandType, isWildcard, type Json } from '@sluice/protocol';
import { isSubscribedByBackend, type Verb } from '../auth/identity.ts';
import { authorize } from '../channels/authorize.ts';
import { CLIENT_RETRY } from '../channels/budgets.ts';
import type { HookKind } from '../hook.ts';
import type { HookQuestion } from '../hooks/hook-question.ts';
import { Refusal } from '../refusal.ts';
import { chain, type NowOrLater } from '../util/now-or-later.ts';
import { publishRequest } from './commands/publish.ts';
import type { Decided } from './decided.ts';
import type { CommandOf } from './handler.ts';
import type { SessionContext } from './session-context.ts';

type ChannelCommand = Extract<Command, { channel: string }>;

type Asked = Pick<Decided, 'identity' | 'verb' | 'rule' | 'rechecks'>;

interface Entry {
  readonly command: ChannelCommand;
  readonly size: number;
  /** Bytes that it holds in memory. */
  readonly weight: number;
  /** `null`: nothing has to be decided. Absent: not decided yet. */
  decided: Decided | null | undefined;
}

/** Which verb a command needs. Commands that end something need none. */
const VERB_OF: { readonly [Type in CommandType]?: Verb } = {
  subscribe: 'subscribe',
  publish: 'publish',
  history: 'history',
  enter: 'enter',
  watch: 'presence',
  members: 'presence',
  consume: 'consume',
  ack: 'consume',
  nack: 'consume',
  extend: 'consume',
  schedule: 'publish',
  unschedule: 'publish',
  respond: 'respond',
  request: 'request',
};

/** Which hook is asked about a command. A publish is asked by the door, which every publish comes through. */
const HOOK_OF: { readonly [Type in CommandType]?: HookKind } = {
  subscribe: 'subscribe',
  history: 'subscribe',
  publish: 'publish',
  enter: 'enter',
  request: 'request',
};

/** Most commands of one connection that may wait for decisions. */
const MOST = 1_000;
/** Most bytes that these commands may hold. */
const MOST_BYTES = 1_048_576;
/** Up to this size in bytes the frame counts as the command, which is cheaper than measuring the command. */
const SMALL = 1_024;

/**
 * Commands of one connection under rules with functions, or hooks, which may answer later. Several
 * commands are decided at the same time; the commands of one channel are carried out in the order
 * in which they were sent.
 */
export class Decisions {
  readonly #session: SessionContext;
  readonly #queues = new Map<string, Entry[]>();
  #count = 0;
  #bytes = 0;

  constructor(session: SessionContext) {
    this.#session = session;
  }

  /** Carries out a command: at once if it is decided and no command before it on its channel waits. */
  take(command: ChannelCommand, size: number): void {
    const queue = this.#queues.get(command.channel);
    if (queue === undefined && !this.#asksFunction(command) && !this.#mayAskHook(command)) {
      this.#session.carryOut(command, size, null);
      return;
    }
    const weight = size <= SMALL ? size : Buffer.byteLength(JSON.stringify(command));
    if (this.#count >= MOST || (this.#count > 0 && this.#bytes + weight > MOST_BYTES)) {
      this.#session.limits.countViolation();
      this.#session.refuse(
        new Refusal('rate_limited', `${this.#count} commands wait for decisions`, CLIENT_RETRY),
        command,
      );
      return;
    }
    const asked = this.#ask(command, size);
    if (queue === undefined && !(asked instanceof Promise)) {
      this.#session.carryOut(command, size, asked);
      return;
    }
    const entry: Entry = { command, size, weight, decided: asked instanceof Promise ? undefined : asked };
    if (queue === undefined) this.#queues.set(command.channel, [entry]);
    else queue.push(entry);
    this.#count++;
    this.#bytes += weight;
    if (asked instanceof Promise) this.#await(entry, asked);
  }

  /** The connection has closed: what waits is not carried out. */
  close(): void {
    this.#queues.clear();
  }

  #asksFunction({ type, channel }: ChannelCommand): boolean {
    const verb = VERB_OF[type];
    if (verb === undefined) return false;
    const { rules } = this.#session.services;
    const asked = isWildcard(channel) ? rules.boundFor(channel) : [rules.match(channel)];
    return asked.some((match) => match?.rule.allow[verb]?.some(({ kind }) => kind === 'function') === true);
  }

  /** Is a hook asked, if the command is permitted? A pattern stands for any of its bound channels before. */
  #mayAskHook(command: ChannelCommand): boolean {
    const { services } = this.#session;
    if (HOOK_OF[command.type] === undefined || !services.hooks.active) return false;
    const { channel } = command;
    const logs = isWildcard(channel) ? services.rules.boundFor(channel).map(({ log }) => log) : [channel];
    return logs.some((log) => this.#asksHook(command, log));
  }

  /** @param log the channel itself, or the bound channel that a pattern stands for */
  #asksHook({ type, channel }: ChannelCommand, log: string): boolean {
    const { services, identity } = this.#session;
    const kind = HOOK_OF[type];
    if (kind === undefined) return false;
    if (type === 'subscribe' && isSubscribedByBackend(identity, channel)) return false;
    return services.hooks.applies(kind, identity, log);
  }

  /** Neither throws nor rejects: a failed decision is a refusal. */
  #ask(command: ChannelCommand, size: number): Decided | null | Promise<Decided> {
    const { identity, services } = this.#session;
    const verb = VERB_OF[command.type];
    if (verb === undefined) return null;
    const { rules, hooks } = services;
    const asked: Asked = { identity, verb, rule: rules.match(command.channel)?.rule, rechecks: hooks.rechecks };
    const fail = (error: unknown): Decided => {
      services.events.emit('fault', { where: 'a decision', error });
      return { ...asked, decision: new Refusal('internal') };
    };
    try {
      const decision = authorize(services, identity, verb, command.channel);
      const decided = chain(decision, (permission) => this.#askHook(command, size, { ...asked, decision: permission }));
      return decided instanceof Promise ? decided.catch(fail) : decided;
    } catch (error) {
      return fail(error);
    }
  }

  /** What is permitted may still need the answer of a hook. */
  #askHook(command: ChannelCommand, size: number, decided: Decided): NowOrLater<Decided> {
    const { decision } = decided;
    if (decision instanceof Refusal || !this.#asksHook(command, decision.log ?? command.channel)) return decided;
    if (command.type === 'publish') return this.#beginPublish(command, size, decided);
    const verdict = this.#session.services.hooks.ask(this.#questionOf(command, decided));
    return chain(verdict, (answer) => {
      if (answer instanceof Refusal) return { ...decided, decision: answer };
      return answer === null ? decided : { ...decided, hooked: answer };
    });
  }

  #questionOf(command: ChannelCommand, { verb, decision }: Decided): HookQuestion {
    const { connection, identity } = this.#session;
    return {
      kind: HOOK_OF[command.type] ?? 'subscribe',
      by: identity,
      asker: this.#session,
      connection: connection.id,
      channel: command.channel,
      log: decision instanceof Refusal ? undefined : decision.log,
      verb,
      ...('data' in command && { data: command.data as Json }),
      ...('state' in command && { state: command.state }),
    };
  }

  /** Counts against its rate before the hook is asked. */
  #beginPublish(command: CommandOf<'publish'>, size: number, decided: Decided): NowOrLater<Decided> {
    const session = this.#session;
    const request = publishRequest(session, command, { decision: decided.decision, size });
    return chain(session.services.door.begin(request), (begun) =>
      begun instanceof Refusal ? { ...decided, decision: begun } : { ...decided, publication: begun },
    );
  }

  #await(entry: Entry, asked: Promise<Decided>): void {
    void asked.then((decided) => {
      entry.decided = decided;
      this.#goOn(entry.command.channel);
    });
  }

  /** Carries out the decided commands of a channel, up to the first undecided one. */
  #goOn(channel: string): void {
    const queue = this.#queues.get(channel);
    for (let entry = queue?.[0]; entry?.decided !== undefined; entry = queue?.[0]) {
      if (!this.#isInForce(entry)) return;
      queue?.shift();
      this.#count--;
      this.#bytes -= entry.weight;
      if (queue?.length === 0) this.#queues.delete(channel);
      this.#session.carryOutLate(entry.command, entry.size, entry.decided);
      if (this.#queues.get(channel) !== queue) return; // closed, or a new queue
    }
  }

  /** Asks again if the token or the rule was replaced meanwhile. */
  #isInForce(entry: Entry): boolean {
    const { decided, command, size } = entry;
    if (decided === null || (decided !== undefined && this.#holds(decided, command.channel))) return true;
    const asked = this.#ask(command, size);
    entry.decided = asked instanceof Promise ? undefined : asked;
    if (asked instanceof Promise) this.#await(entry, asked);
    return !(asked instanceof Promise);
  }

  #holds({ identity, rule }: Decided, channel: string): boolean {
    return identity === this.#session.identity && rule === this.#session.services.rules.match(channel)?.rule;
  }
}
