import type { Push, Results } from '@sluice/protocol';
import { backoff } from './backoff.ts';
import type { Answer, Body, Calls } from './calls.ts';
import type { refusal, SluiceError } from './errors.ts';
import type { PartsHost } from './lazy-parts.ts';
import type { Ending, SourceHost } from './subscriber.ts';
import { after, type Cancel, nothing } from './timer.ts';

/** The face of a channel, whatever its messages are. */
export interface Handle {
  readonly name: string;
}

/** A push that belongs to a channel. */
export type ChannelPush = Exclude<Push, { type: 'refresh' | 'drain' }>;

/** What stands on the gateway needs this of the client. */
export interface Host extends SourceHost, PartsHost {
  readonly report: SourceHost['report'];
  readonly calls: Calls;
  readonly peer: SourceHost['peer'] & {
    /** The gateway broke its word: closes the connection, and resumes on the next. */
    distrust(error: SluiceError): void;
  };
  /** Makes an error of the catalogue. What is loaded later cannot make one: its class exists once. */
  readonly refusal: typeof refusal;
  /** Nobody needs this any more. */
  forget(resource: RemoteResource): void;
}

type Opening = 'subscribe' | 'watch' | 'enter';
type Closing = 'unsubscribe' | 'unwatch' | 'leave';

/**
 * One thing that is to stand on the gateway for a channel as long as it is wanted here: a subscription, a watch, a
 * membership. It is put there anew on each connection, and again where the gateway asks to wait.
 */
export abstract class RemoteResource<Open extends Opening = Opening> {
  declare readonly channel: string;
  /** The channel's face while it is in use. */
  declare readonly handle: Handle;
  declare readonly host: Host;
  /** Tells it from others of its kind on the same channel: a subscription's id on the wire. */
  declare readonly sub: number | undefined;
  /** Does it stand on the gateway? */
  on = false;
  /** What was said there is out of date. */
  stale = false;
  // One command at a time, so that their order on the gateway is never in question.
  phase: 'idle' | 'opening' | 'closing' | 'pausing' = 'idle';
  #refusals = 0;
  #cancelPause: Cancel = nothing;

  constructor(handle: Handle, host: Host, sub?: number) {
    this.handle = handle;
    this.channel = handle.name;
    this.host = host;
    this.sub = sub;
  }

  /** Should it stand on the gateway? */
  abstract get wanted(): boolean;
  /** The commands that put it there, and take it away. */
  abstract readonly commands: readonly [Open, Closing];
  /** What goes with the first of them, besides the channel. */
  abstract open(): Omit<Body<Open>, 'type' | 'channel'>;
  abstract accepted(result: Results[Open]): void;
  /** May it be asked for already? */
  get askable(): boolean {
    return true;
  }
  /** It is taken away. */
  closing(): void {}
  /** Refused for good. */
  abstract refused(error: SluiceError): void;
  /** Refused, and tried again by itself. */
  abstract fail(error: SluiceError): void;
  abstract receive(push: ChannelPush): void;
  /** The client is closed. */
  abstract end(state: 'ended', ending: Ending): void;
  /** Neither wanted nor there. */
  unused(): void {
    this.host.forget(this);
  }

  /** Brings the gateway's state to what is wanted here. */
  reconcile(): void {
    const { wanted } = this;
    if (!wanted && this.phase === 'pausing') this.#rest();
    if (this.phase !== 'idle') return;
    if (!wanted && !this.on) this.unused();
    else if (!this.host.calls.open || !this.askable) return;
    else if (!wanted) this.#close();
    else if (!this.on || this.stale) this.#open();
  }

  /** What it no longer needs is taken away in a moment: what is taken down and put up again in one turn stays. */
  reconcileSoon(): void {
    after(0, () => this.reconcile());
  }

  /** Why it does not stand any more. */
  ended(reason: string): string {
    return `${this.channel}: ${this.commands[0]} ended, ${reason}.`;
  }

  /** The connection was lost. */
  lose(): void {
    this.stop();
    this.reconcile();
  }

  /** It does not stand any more. */
  stop(): void {
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
        this.accepted(result);
        this.reconcile();
      },
      refuse: (error) => this.#refused(error),
    });
  }

  #refused(error: SluiceError): void {
    this.phase = 'idle';
    if (this.host.calls.ended) return;
    if (!error.retryable) {
      this.refused(error);
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
    this.closing();
    this.#ask<Closing>(1, { accept: done, refuse: done });
  }

  #ask<Type extends Opening | Closing>(which: 0 | 1, answer: Answer<Type>): void {
    this.phase = which ? 'closing' : 'opening';
    const { channel, sub } = this;
    const body = { type: this.commands[which], channel, sub, ...(!which && this.open()) };
    this.host.calls.start(body as unknown as Body<Type>, answer);
  }
}
