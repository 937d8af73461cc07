import type { CommandType, Push, Results } from '@sluice/protocol';
import { backoff } from './backoff.ts';
import type { Answer, Body, Calls } from './calls.ts';
import type { refusal, SluiceError } from './errors.ts';
import type { ExecuteOptions } from './execute.ts';
import type { PartsHost } from './pending-use.ts';
import type { Ending, SourceHost } from './subscriber.ts';
import { after, type Cancel, nothing } from './timer.ts';

/** The public object of a channel, with messages of any type. */
export interface Handle {
  readonly name: string;
}

/** A push that belongs to a channel. */
export type ChannelPush = Exclude<Push, { type: 'refresh' | 'drain' }>;

/** The part of the client that a resource uses. */
export interface Host extends SourceHost, PartsHost {
  /** `execute`, for files that must not have their own error class. */
  execute<Type extends CommandType>(body: Body<Type>, options?: ExecuteOptions): Promise<Results[Type]>;
  readonly report: SourceHost['report'];
  readonly calls: Calls;
  readonly peer: SourceHost['peer'] & {
    /** Protocol violation by the gateway: closes the connection, and resumes on the next. */
    distrust(error: SluiceError): void;
  };
  /** Creates an error of the catalogue. Files loaded on demand must not have their own error class. */
  readonly refusal: typeof refusal;
  /** The smallest id that no subscription of the channel has. */
  freeSub(channel: string): number;
  /** The resource is no longer used. */
  forget(resource: Resource): void;
}

/** What the client keeps on the gateway, as it sees the connection. */
export interface Resource {
  /** The name of its channel; empty if it has none. */
  readonly channel: string;
  /** The channel's public object while it is in use. */
  readonly handle: Handle;
  /** Distinguishes resources of one class on the same channel: a filter, a consumer group. */
  readonly variant: unknown;
  /** The id of a subscription that has one. */
  readonly sub?: unknown;
  /** The connection is open: opens or closes it on the gateway, as wanted. */
  reconcile(): void;
  /** The connection was lost. */
  lose(): void;
  receive(push: ChannelPush): void;
  /** The client is closed. */
  end(state: 'ended', ending: Ending): void;
}

/** Why the gateway ended it, from its push. */
export interface Ended {
  readonly reason: string;
  readonly message?: string;
}

type Opening = 'subscribe' | 'watch' | 'enter' | 'respond' | 'consume';
type Closing = 'unsubscribe' | 'unwatch' | 'leave' | 'unrespond' | 'stop';

/**
 * Something that a channel keeps on the gateway while the application wants it: a subscription, a
 * presence subscription, a membership. It is opened again on each connection, and retried after a
 * retryable refusal.
 */
export abstract class RemoteResource<Open extends Opening = Opening> implements Resource {
  declare readonly channel: string;
  declare readonly handle: Handle;
  declare readonly host: Host;
  declare readonly variant: unknown;
  /** Is it open on the gateway? */
  on = false;
  /** The open command must be sent again, because its fields have changed. */
  stale = false;
  // One command at a time, so that their order is certain.
  phase: 'idle' | 'opening' | 'closing' | 'pausing' = 'idle';
  #refusals = 0;
  #cancelPause: Cancel = nothing;

  constructor(handle: Handle, host: Host, variant?: unknown) {
    this.handle = handle;
    this.channel = handle.name;
    this.host = host;
    this.variant = variant;
  }

  /** Should it be open on the gateway? */
  abstract get wanted(): boolean;
  /** The commands that open and close it. */
  abstract readonly commands: readonly [Open, Closing];
  /** Fields of the open command, besides the channel. */
  abstract open(): Omit<Body<Open>, 'type' | 'channel'>;
  abstract accept(result: Results[Open]): void;
  /** Can the open command be sent yet? */
  get askable(): boolean {
    return true;
  }
  /** It is being closed. @returns fields of the close command, besides the channel */
  closing(): object | undefined {
    return undefined;
  }
  /** Refused permanently. */
  abstract refuse(error: SluiceError): void;
  /** Refused, and retried automatically. */
  abstract fail(error: SluiceError): void;
  abstract receive(push: ChannelPush): void;
  abstract end(state: 'ended', ending: Ending): void;
  /** It is neither wanted nor open. */
  unused(): void {
    this.host.forget(this);
  }

  /** Opens or closes it on the gateway, as wanted. */
  reconcile(): void {
    const { wanted } = this;
    if (!wanted && this.phase === 'pausing') this.#rest();
    if (this.phase !== 'idle') return;
    if (!wanted && !this.on) this.unused();
    else if (!this.host.calls.open || !this.askable) return;
    else if (!wanted) this.#close();
    else if (!this.on || this.stale) this.#open();
  }

  /** Reconciles later, so that closing and opening in one turn sends nothing. */
  reconcileSoon(): void {
    after(0, () => this.reconcile());
  }

  /** The message for an end by the gateway. */
  ended(push: Ended): string {
    return `${this.channel}: ${this.commands[0]} ended: ${push.message ?? push.reason}`;
  }

  /** The connection was lost. */
  lose(): void {
    this.halt();
    this.reconcile();
  }

  /** It is no longer open. */
  halt(): void {
    this.on = false;
    this.#rest();
  }

  #rest(): void {
    this.phase = 'idle';
    this.#cancelPause();
  }

  #open(): void {
    this.stale = false;
    this.#ask<Open>(0, {
      accept: (result) => {
        this.on = true;
        this.phase = 'idle';
        this.#refusals = 0;
        this.accept(result);
        this.reconcile();
      },
      refuse: (error) => this.#refused(error),
    });
  }

  #refused(error: SluiceError): void {
    this.phase = 'idle';
    if (this.host.calls.ended) return;
    if (!error.retryable) {
      this.refuse(error);
      return;
    }
    this.phase = 'pausing';
    this.#cancelPause = after(backoff(this.#refusals++, error.retryAfter), () => this.#goOn());
    this.fail(error);
  }

  #goOn(): void {
    this.phase = 'idle';
    this.reconcile();
  }

  #close(): void {
    const done = () => this.#goOn();
    this.on = false;
    this.#ask<Closing>(1, { accept: done, refuse: done });
  }

  #ask<Type extends Opening | Closing>(which: 0 | 1, answer: Answer<Type>): void {
    this.phase = which ? 'closing' : 'opening';
    const body = { type: this.commands[which], channel: this.channel, ...(which ? this.closing() : this.open()) };
    this.host.calls.start(body as unknown as Body<Type>, answer);
  }
}
