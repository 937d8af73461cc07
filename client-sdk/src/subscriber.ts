import type { GapPush, Position } from '@sluice/protocol';
import { onAbort } from './abort.ts';
import type { Message, Start, SubscribeOptions, Subscription, SubscriptionState } from './api.ts';
import type { Backlog } from './backlog.ts';
import { guard, report } from './emitter.ts';
import { clientError, type SluiceError } from './errors.ts';
import { now } from './now.ts';
import { hasReached } from './position.ts';
import type { Report } from './reporting.ts';
import { type Cancel, nothing } from './timer.ts';

/** A message of any type, as it is handed from the wire to the handlers. */
export type AnyMessage = Message<never>;

/** Where the subscription on the gateway stands. */
export type RemoteState = 'subscribing' | 'live' | 'catching-up';

/** Where to start, as the gateway understands it. */
export interface Place extends Pick<Start, 'rewind' | 'position'> {
  /** By the gateway's clock. */
  readonly since?: number;
}

/** Where a subscriber starts. */
export interface Origin extends Start {
  /** When it was asked for, by our clock. */
  readonly asked?: number;
}

/** What a gap brings to a subscriber. */
export interface GapNews extends Pick<GapPush, 'to' | 'reason'> {
  /** In order: messages that are not lost, although the gap covers them. */
  readonly latest?: readonly AnyMessage[] | undefined;
  /** The log began anew under the epoch that it had: where one stood in it means nothing any more. SPEC.md section 7 rule 4. */
  readonly anew?: boolean;
}

/** What a subscriber needs of the subscription on the gateway. */
export interface Source {
  readonly channel: string;
  readonly host: SourceHost;
  readonly state: RemoteState;
  /** Where the cursor stands; known once it has been answered. */
  readonly position: Position | undefined;
  /** Reads the messages between the subscriber's start and the position, and passes them to `precede`. */
  backlog(subscriber: Subscriber, to: Position): void;
  remove(subscriber: Subscriber): void;
}

/** What a subscriber needs of the client. */
export interface SourceHost {
  /** `skew`: the gateway's clock minus ours, in milliseconds. */
  readonly peer: { readonly skew: number; readonly user: string | null | undefined };
  readonly report: Report;
}

/** Why a subscription ends. */
export interface Ending {
  /** What the application is told, where it was not its own doing. */
  readonly error?: SluiceError | undefined;
  /** With what `ready` rejects; by default the error. */
  readonly reason?: unknown;
}

// So many messages and gaps may wait for an `onGap` that takes its time.
const HELD = 1000;

/** The end of a subscription that the application holds: one handler, and what has been handed to it. */
export class Subscriber implements Subscription {
  declare readonly ready: Promise<void>;
  state: SubscriptionState = 'subscribing';
  declare position: Position | undefined;
  declare readonly options: SubscribeOptions;
  /** Where it starts; where it goes on after it had to leave. */
  declare start: Origin;
  /** Comes back to the channel, which it has left. */
  rejoin = nothing;
  /** The subscription on the gateway that it belongs to. */
  declare remote: Source;
  readonly #onMessage: (message: AnyMessage) => void;
  readonly #ignoreSignal: Cancel;
  #settleReady: (error?: unknown) => void = nothing;
  // What comes behind a backlog that is being read, or a gap that is being dealt with.
  #held: (() => void)[] | undefined;
  #reading = false;
  // A handler of gaps is at work.
  #pausing = false;
  // Too much was held: it left the channel, and will go on from its position.
  #away = false;
  // When it joined, by our clock, where the cursor may still bring messages that were published before.
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
    // Nobody has to look at it: onState and onError tell the same.
    this.ready.catch(nothing);
    this.#ignoreSignal = onAbort(options.signal, () => this.end('ended', { reason: options.signal?.reason }));
  }

  /** The cursor stands elsewhere than this subscriber starts: it needs a backlog. */
  hold(): void {
    this.#held = [];
    this.#reading = false;
  }

  /** The cursor may still bring messages that were published before this subscriber joined; it wants those from now on. */
  skipPast(): void {
    this.#joined = now();
  }

  /** The cursor has moved to a state. */
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
  precede({ gap, messages }: Backlog<AnyMessage>): void {
    if (!this.#held) return;
    const runs = messages.map((message) => () => this.hear(message));
    if (gap) runs.unshift(() => this.miss(gap));
    this.#held.unshift(...runs);
    this.#release();
  }

  hear(message: AnyMessage): void {
    const { epoch, offset } = message;
    this.#take({ epoch, offset }, () => this.#hand(message));
  }

  /** Nothing up to this place concerns it. */
  pass(to: Position): void {
    this.#take(to, nothing);
  }

  miss({ to, reason, latest = [], anew }: GapNews): void {
    const tell = (from: Position) => {
      const sameEpoch = !anew && from.epoch === to.epoch;
      const kept = latest.filter(({ offset }) => !sameEpoch || offset > from.offset);
      const lost = sameEpoch ? to.offset - from.offset - kept.length : undefined;
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

  /** Nothing comes any more. */
  end(state: 'denied' | 'ended', { error, reason = error ?? clientError('unsubscribed') }: Ending = {}): void {
    if (!this.#active) return;
    this.#held = undefined;
    this.#ignoreSignal();
    this.remote.remove(this);
    this.#settleReady(reason);
    this.#moveTo(state);
    if (error) this.fail(error);
  }

  /** Tells of a failure. */
  fail(error: SluiceError): void {
    this.remote.host.report('error', error, { instead: this.options.onError });
  }

  // In order, nothing twice, nothing before the backlog, and nothing while a gap is being dealt with.
  #take(to: Position, hand: (from: Position) => void, anew?: boolean): void {
    if (this.#away) return;
    if (this.#held) {
      this.#held.push(() => this.#take(to, hand, anew));
      if (!this.#pausing || this.#held.length <= HELD) return;
      // The channel's log is the buffer: it goes on from its position.
      this.#held = [];
      this.#away = true;
      this.remote.remove(this);
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

  /** Holds everything until the handler of a gap has done its work; then first of all `next`. */
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

  /** Hands out what was held, as far as no gap stops it again. */
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
