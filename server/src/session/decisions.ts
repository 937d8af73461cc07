import { type Command, type CommandType, isWildcard } from '@sluice/protocol';
import type { Verb } from '../auth/identity.ts';
import { authorize, type Decision } from '../channels/authorize.ts';
import { CLIENT_RETRY } from '../channels/budgets.ts';
import { Refusal } from '../refusal.ts';
import type { Decided } from './decided.ts';
import type { SessionContext } from './session-context.ts';

type ChannelCommand = Extract<Command, { channel: string }>;

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

/** Most commands of one connection that may wait for decisions. */
const MOST = 1_000;
/** Most bytes that these commands may hold. */
const MOST_BYTES = 1_048_576;
/** Up to this size in bytes the frame counts as the command, which is cheaper than measuring the command. */
const SMALL = 1_024;

/**
 * Commands of one connection under rules with functions, which may answer with promises. Several
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
    if (queue === undefined && !this.#asksFunction(command)) {
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
    const asked = this.#ask(command);
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

  /** Neither throws nor rejects: a failed decision is a refusal. */
  #ask({ type, channel }: ChannelCommand): Decided | null | Promise<Decided> {
    const { identity, services } = this.#session;
    const verb = VERB_OF[type];
    if (verb === undefined) return null;
    const rule = services.rules.match(channel)?.rule;
    const decide = (decision: Decision): Decided => ({ identity, verb, rule, decision });
    const fail = (error: unknown): Decided => {
      services.events.emit('fault', { where: 'a decision', error });
      return decide(new Refusal('internal'));
    };
    try {
      const asked = authorize(services, identity, verb, channel);
      return asked instanceof Promise ? asked.then(decide, fail) : decide(asked);
    } catch (error) {
      return fail(error);
    }
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
    const { decided, command } = entry;
    if (decided === null || (decided !== undefined && this.#holds(decided, command.channel))) return true;
    const asked = this.#ask(command);
    entry.decided = asked instanceof Promise ? undefined : asked;
    if (asked instanceof Promise) this.#await(entry, asked);
    return !(asked instanceof Promise);
  }

  #holds({ identity, rule }: Decided, channel: string): boolean {
    return identity === this.#session.identity && rule === this.#session.services.rules.match(channel)?.rule;
  }
}
