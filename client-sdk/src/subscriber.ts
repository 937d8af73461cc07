import type { GapPush, Position } from '@sluice/protocol';
import { onAbort } from './abort.ts';
import type { Message, Start, SubscribeOptions, Subscription, SubscriptionState } from './channel-api.ts';
import { guard, report } from './emitter.ts';
import { clientError, type SluiceError } from './errors.ts';
import { now } from './now.ts';
import { hasReached } from './position.ts';
import type { Report } from './reporting.ts';
import { type Cancel, nothing } from './timer.ts';

/** A message of any type, between the wire and the handlers. */
export type AnyMessage = Message<never>;

/** The state of the subscription on the gateway. */
export type RemoteState = 'subscribing' | 'live' | 'catching-up';

/** A starting point in the gateway's terms. */
export interface Place extends Pick<Start, 'rewind' | 'position'> {
  /** By the gateway's clock. */
  readonly since?: number;
}

/** The starting point of a subscriber. */
export interface RequestedStart extends Start {
  /** When it was requested, by the client's clock. */
  readonly asked?: number;
}

/** A gap, as a subscriber receives it. */
export interface GapNews extends Pick<GapPush, 'to' | 'reason'> {
  /** Messages within the gap that are not lost, in order. */
  readonly latest?: readonly AnyMessage[] | undefined;
  /** The log restarted with the same epoch, so earlier positions are invalid. SPEC.md section 7 rule 4. */
  readonly anew?: boolean;
}

/** The messages between a starting point and the position from which live messages continue. */
export interface Backlog<M = AnyMessage> {
  /** Delivered first. */
  readonly gap?: Pick<GapPush, 'to' | 'reason'>;
  readonly messages: readonly M[];
}

/** The subscription on the gateway, as a subscriber uses it. */
export interface Source {
  readonly channel: string;
  readonly host: SourceHost;
  readonly state: RemoteState;
  /** The cursor's position; known after the reply. */
  readonly position: Position | undefined;
  /** Reads the messages between the subscriber's start and the position, and passes them to `precede`. */
  backlog(subscriber: Subscriber, to: Position): void;
  forget(subscriber: Subscriber): void;
}

/** The part of the client that a subscriber uses. */
export interface SourceHost {
  /** `skew`: the gateway's clock minus the client's, in milliseconds. */
  readonly peer: { readonly skew: number; readonly user: string | null | undefined };
  readonly report: Report;
}

/** Why a subscription ends. */
export interface Ending {
  /** The error for the application, unless it ended the subscription itself. */
  readonly error?: SluiceError | undefined;
  /** The rejection of `ready`; default: the error. */
  readonly reason?: unknown;
}

// Maximum messages and gaps that wait for a slow `onGap`.
const HELD = 1000;

/** The application's end of a subscription: one handler, and what was delivered to it. */
export class Subscriber implements Subscription {
  declare readonly ready: Promise<void>;
  state: SubscriptionState = 'subscribing';
  declare position: Position | undefined;
  declare readonly options: SubscribeOptions;
  /** Where it starts, or resumes after it had to leave. */
  declare start: RequestedStart;
  /** Joins the channel again. */
  rejoin = nothing;
  /** Its subscription on the gateway. */
  declare remote: Source;
  readonly #onMessage: (message: AnyMessage) => void;
  readonly #ignoreSignal: Cancel;
  #settleReady: (error?: unknown) => void = nothing;
  // What waits for a backlog or for `onGap`.
  #held: (() => void)[] | undefined;
  #reading = false;
  // `onGap` is pending.
  #pausing = false;
  // Too much was held: it left the channel, and will resume from its position.
  #away = false;
  // When it joined, by the client's clock, if the cursor may still deliver earlier messages.
  #joined: number | undefined;

  constructor(remote: Source, onMessage: (message: AnyMessage) => void, options: SubscribeOptions) {
    this.remote = remote;
    this.#onMessage = onMessage;
    this.options = options;
    this.start = { ...options, asked: now() };
    this.position = options.position;
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = (error) => (error === undefined ? resolve() : reject(error));
    });
    // It may be unused: onState and onError report the same.
    this.ready.catch(nothing);
    this.#ignoreSignal = onAbort(options.signal, () => this.end('ended', { reason: options.signal?.reason }));
  }

  /** The cursor is elsewhere than this subscriber starts: it needs a backlog. */
  hold(): void {
    this.#held = [];
    this.#reading = false;
  }

  /** Drop messages that were published before now, which the cursor may still deliver. */
  skipPast(): void {
    this.#joined = now();
  }

  /** The cursor's state has changed. */
  follow(): void {
    const { position, state } = this.remote;
    if (this.#pausing || !this.#active) return;
    if (state === 'live') this.#joined = undefined;
    if (position && !this.#held) this.position ??= position;
    if (position && this.#held && !this.#reading && state !== 'subscribing') {
      this.#reading = true;
      this.remote.backlog(this, position);
    }
    this.#moveTo(this.#held && state === 'live' ? 'catching-up' : state);
  }

  /** Delivers the backlog before everything that is held. */
  precede({ gap, messages }: Backlog): void {
    if (!this.#held) return;
    // Not `unshift(...)`: a call has room for some 100,000 arguments.
    this.#held = [
      ...(gap ? [() => this.miss(gap)] : []),
      ...messages.map((message) => () => this.hear(message)),
      ...this.#held,
    ];
    this.#release();
  }

  hear(message: AnyMessage): void {
    const { epoch, offset } = message;
    this.#take({ epoch, offset }, () => this.#hand(message));
  }

  /** No message up to this place matches. */
  skip(to: Position): void {
    this.#take(to, nothing);
  }

  miss({ to, reason, latest = [], anew }: GapNews): void {
    const tell = (from: Position) => {
      const sameEpoch = !anew && from.epoch === to.epoch;
      const kept = latest.filter(({ offset }) => !sameEpoch || offset > from.offset);
      // A start by time before all messages: nobody knows which of them are of that time.
      const lost = sameEpoch && (from.offset || !this.start.since) ? to.offset - from.offset - kept.length : undefined;
      const { channel, host } = this.remote;
      const news = { channel, from, to, reason, lost };
      const handKept = () => {
        for (const message of kept) this.#hand(message);
      };
      this.#pause(lost === 0 ? undefined : host.report('gap', news, { instead: this.options.onGap }), handKept);
    };
    this.#take(to, tell, anew);
  }

  unsubscribe(): void {
    this.end('ended');
  }

  /** Ends it. */
  end(state: 'denied' | 'ended', { error, reason = error ?? clientError('unsubscribed') }: Ending = {}): void {
    if (!this.#active) return;
    this.#held = undefined;
    this.#ignoreSignal();
    this.remote.forget(this);
    this.#settleReady(reason);
    this.#moveTo(state);
    if (error) this.fail(error);
  }

  /** Reports a failure. */
  fail(error: SluiceError): void {
    this.remote.host.report('error', error, { instead: this.options.onError });
  }

  // In order, no repeats, after the backlog, and not while `onGap` is pending.
  #take(to: Position, hand: (from: Position) => void, anew?: boolean): void {
    if (this.#away) return;
    if (this.#held) {
      this.#held.push(() => this.#take(to, hand, anew));
      if (!this.#pausing || this.#held.length <= HELD) return;
      // The channel's log is the buffer: resume from the position.
      this.#held = [];
      this.#away = true;
      this.remote.forget(this);
    } else if (this.#active && (anew || !hasReached(this.position, to))) {
      const from = this.position ?? to;
      this.position = to;
      hand(from);
    }
  }

  #hand(message: AnyMessage): void {
    const old = this.#joined !== undefined && message.time < this.#joined + this.remote.host.peer.skew;
    if (this.#active && !old) guard(this.#onMessage, message);
  }

  /** Holds everything until the promise of `onGap` settles; then runs `next` first. */
  #pause(work: unknown, next: () => void): void {
    if (!(work as PromiseLike<unknown> | undefined)?.then) {
      next();
      return;
    }
    this.#held = [];
    this.#pausing = true;
    this.#moveTo('gap');
    Promise.resolve(work)
      .catch(report)
      .then(() => {
        this.#pausing = false;
        next();
        if (this.#away) this.#return();
        else this.#release();
      });
  }

  /** Delivers what was held, until another gap pauses it. */
  #release(): void {
    const held = this.#held;
    this.#held = undefined;
    for (const run of held ?? []) run();
    if (!this.#held) this.follow();
  }

  #return(): void {
    if (!this.#active) return;
    this.#away = false;
    this.#held = undefined;
    this.start = { position: this.position } as Start;
    this.#moveTo('subscribing');
    this.rejoin();
  }

  get #active(): boolean {
    return this.state !== 'denied' && this.state !== 'ended';
  }

  #moveTo(state: SubscriptionState): void {
    if (state === this.state || !this.#active) return;
    this.state = state;
    if (state === 'live' || state === 'catching-up') this.#settleReady();
    guard(this.options.onState, state);
  }
}
