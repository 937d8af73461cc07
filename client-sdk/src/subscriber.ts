import type { GapReason, Position } from '@sluice/protocol';
import type { Message, Start, SubscribeOptions, Subscription, SubscriptionState } from './api.ts';
import type { Backlog } from './backlog.ts';
import { guard } from './emitter.ts';
import { clientError, type SluiceError } from './errors.ts';
import { hasReached } from './position.ts';

/** A message of any type, as it is handed from the wire to the handlers. */
export type AnyMessage = Message<never>;

/** What a subscriber needs of the subscription on the wire. */
export interface Source {
  readonly channel: string;
  readonly host: SourceHost;
  readonly state: SubscriptionState;
  /** Where the cursor stands; known once it has been answered. */
  readonly position: Position | undefined;
  /** Reads what lies between the start and the position. */
  backlog(start: Start, to: Position): Promise<Backlog<AnyMessage>>;
  remove(subscriber: Subscriber): void;
}

/** What a subscriber needs of the client. */
export interface SourceHost {
  /** The gateway's clock minus ours, in milliseconds. */
  skew(): number;
  /** Reports an error that nobody else hears of. */
  report(error: SluiceError): void;
}

/** Why a subscription ends. */
export interface Ending {
  /** What the application is told, where it was not its own doing. */
  readonly error?: SluiceError | undefined;
  /** With what `ready` rejects; by default the error. */
  readonly reason?: unknown;
}

/** The end of a subscription that the application holds: one handler, and what has been handed to it. */
export class Subscriber implements Subscription {
  readonly ready: Promise<void>;
  state: SubscriptionState = 'subscribing';
  position: Position | undefined;
  readonly options: SubscribeOptions;
  readonly #source: Source;
  readonly #onMessage: (message: AnyMessage) => void;
  readonly #abort = () => this.end('ended', { reason: this.options.signal?.reason });
  #settleReady: (error?: unknown) => void = () => {};
  // While the backlog is being read, what comes behind it.
  #held: (() => void)[] | undefined;
  #reading = false;
  // When it joined, by our clock, where the cursor may still bring messages that were published before.
  #joined: number | undefined;

  constructor(source: Source, onMessage: (message: AnyMessage) => void, options: SubscribeOptions) {
    this.#source = source;
    this.#onMessage = onMessage;
    this.options = options;
    this.position = options.position;
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = (error) => (error === undefined ? resolve() : reject(error));
    });
    // Nobody has to look at it: onState and onError tell the same.
    this.ready.catch(() => {});
    options.signal?.addEventListener('abort', this.#abort);
  }

  /** The cursor stands elsewhere than this subscriber starts: it needs a backlog. */
  hold(): void {
    this.#held = [];
  }

  /** The cursor may still bring messages that were published before this subscriber joined; it wants those from now on. */
  ignorePast(): void {
    this.#joined = Date.now();
  }

  /** The cursor has moved to a state. */
  follow(): void {
    const { position, state } = this.#source;
    if (state === 'live') this.#joined = undefined;
    if (position && !this.#held) this.position ??= position;
    if (position && this.#held && !this.#reading && state !== 'subscribing') void this.#readBacklog(position);
    this.#moveTo(this.#held && state === 'live' ? 'catching-up' : state);
  }

  message(message: AnyMessage): void {
    const { epoch, offset, time } = message;
    this.#take({ epoch, offset }, () => {
      const old = this.#joined !== undefined && time < this.#joined + this.#source.host.skew();
      if (!old) guard(this.#onMessage, message);
    });
  }

  gap(to: Position, reason: GapReason): void {
    this.#take(to, (from) => {
      const lost = from.epoch === to.epoch ? to.offset - from.offset : undefined;
      guard(this.options.onGap, { channel: this.#source.channel, from, to, reason, lost });
    });
  }

  unsubscribe(): void {
    this.end('ended');
  }

  /** Nothing comes any more. */
  end(state: 'denied' | 'ended', { error, reason = error ?? clientError('unsubscribed') }: Ending = {}): void {
    if (!this.#active) return;
    this.#held = undefined;
    this.options.signal?.removeEventListener('abort', this.#abort);
    this.#source.remove(this);
    this.#settleReady(reason);
    this.#moveTo(state);
    if (error) this.fail(error);
  }

  // In order, nothing twice, and nothing before the backlog.
  #take(to: Position, hand: (from: Position) => void): void {
    if (this.#held) this.#held.push(() => this.#take(to, hand));
    else if (this.#active && !hasReached(this.position, to)) {
      const from = this.position ?? to;
      this.position = to;
      hand(from);
    }
  }

  get #active(): boolean {
    return this.state !== 'denied' && this.state !== 'ended';
  }

  #moveTo(state: SubscriptionState): void {
    if (state === this.state) return;
    this.state = state;
    if (state === 'live' || state === 'catching-up') this.#settleReady();
    guard(this.options.onState, state);
  }

  async #readBacklog(to: Position): Promise<void> {
    this.#reading = true;
    const { gap, messages } = await this.#source
      .backlog(this.options, to)
      .catch((error: SluiceError) => this.#without(error, to));
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    if (gap) this.gap(gap.to, gap.reason);
    for (const message of messages) this.message(message);
    if (!hasReached(this.position, to)) this.position = to;
    for (const run of held) run();
    if (this.#active) this.#moveTo(this.#source.state);
  }

  // The backlog cannot be read: the application hears why, and a position that was promised becomes a gap.
  #without(error: SluiceError, to: Position): Backlog<AnyMessage> {
    if (this.#active) this.fail(error);
    return { messages: [], ...(this.options.position && { gap: { to, reason: 'no_history' } }) };
  }

  /** Tells of a failure. */
  fail(error: SluiceError): void {
    const { onError } = this.options;
    if (onError) guard(onError, error);
    else this.#source.host.report(error);
  }
}
