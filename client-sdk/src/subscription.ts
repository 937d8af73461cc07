import type { GapPush, MessagesPush, Position, Push, SubscribeResult, UnsubscribedPush } from '@sluice/protocol';
import type { Start, SubscriptionState } from './api.ts';
import { type Backlog, readBacklog } from './backlog.ts';
import { backoff } from './backoff.ts';
import type { Calls } from './calls.ts';
import { clientError, type SluiceError } from './errors.ts';
import { hasReached } from './position.ts';
import { request } from './request.ts';
import type { AnyMessage, Ending, Source, SourceHost, Subscriber } from './subscriber.ts';
import { after, type Cancel, nothing } from './timer.ts';

/** The face of a channel, whatever its messages are. */
export interface Handle {
  readonly name: string;
}

/** What a subscription on the wire needs of the client. */
export interface Host extends SourceHost {
  readonly calls: Calls;
  /** The gateway broke its word: closes the connection, and resumes on the next. */
  distrust(error: SluiceError): void;
  /** Nobody needs this subscription any more. */
  forget(subscription: WireSubscription): void;
}

/**
 * The client's side of a cursor: the one subscription that a channel has on the wire, however many subscribers share it.
 * It follows the rules of SPEC.md section 7.
 */
export class WireSubscription implements Source {
  readonly channel: string;
  /** The channel's face while it is in use. */
  readonly handle: Handle;
  readonly host: Host;
  state: SubscriptionState = 'subscribing';
  position: Position | undefined;
  readonly #subscribers = new Set<Subscriber>();
  #start: Start = {};
  // One command at a time, so that their order on the gateway is never in question.
  #wire: 'off' | 'subscribing' | 'on' | 'unsubscribing' = 'off';
  #refusals = 0;
  #cancelRetry: Cancel = nothing;

  constructor(handle: Handle, host: Host) {
    this.handle = handle;
    this.channel = handle.name;
    this.host = host;
  }

  add(subscriber: Subscriber): void {
    this.#join(subscriber);
    this.#subscribers.add(subscriber);
    if (this.#wire === 'on') subscriber.follow();
  }

  remove(subscriber: Subscriber): void {
    // Deferred: a component that is taken down and put up again in one turn keeps the cursor.
    if (this.#subscribers.delete(subscriber)) after(0, () => this.reconcile());
  }

  /** The connection was lost. */
  lose(): void {
    this.#wire = 'off';
    this.#moveTo('subscribing');
    this.reconcile();
  }

  receive(push: Exclude<Push, { type: 'refresh' | 'drain' }>): void {
    // Rule 1: before the reply to subscribe a push belongs to an earlier subscription.
    if (this.#wire !== 'on') return;
    const { type } = push;
    if (type === 'messages') this.#messages(push);
    else if (type === 'gap') this.#gap(push);
    else if (type === 'unsubscribed') this.#unsubscribed(push);
    else if (type === 'live' || type === 'replaying') this.#moveTo(type);
  }

  /** Ends every subscriber. */
  end(state: 'denied' | 'ended', ending: Ending): void {
    const subscribers = [...this.#subscribers];
    this.#subscribers.clear();
    this.#wire = 'off';
    this.#cancelRetry();
    this.host.forget(this);
    for (const subscriber of subscribers) subscriber.end(state, ending);
  }

  async backlog(start: Start, to: Position): Promise<Backlog<AnyMessage>> {
    const { calls } = this.host;
    const { channel } = this;
    const read = (page: { before: number; limit: number }) => request(calls, { type: 'history', channel, ...page }, {});
    const backlog = await readBacklog(read, start, to);
    const messages = backlog.messages.map((message) => ({ ...message, channel, epoch: to.epoch }) as AnyMessage);
    return { ...backlog, messages };
  }

  #join(subscriber: Subscriber): void {
    const { options } = subscriber;
    if (this.#subscribers.size === 0 && (this.#wire === 'off' || this.#wire === 'unsubscribing')) {
      this.#start = options;
      this.position = options.position;
    }
    const own = textOf(options);
    if (own === textOf(this.position ? { position: this.position } : this.#start)) return;
    if (own !== textOf({})) subscriber.hold();
    else if (this.#wire !== 'on' || this.state !== 'live') subscriber.ignorePast();
  }

  /** Brings the gateway's state to what is wanted here. */
  reconcile(): void {
    const wanted = this.#subscribers.size > 0;
    if (this.#wire === 'off' && !wanted) {
      this.#cancelRetry();
      this.host.forget(this);
    } else if (!this.host.calls.open) return;
    else if (this.#wire === 'off') this.#subscribe();
    else if (this.#wire === 'on' && !wanted) this.#unsubscribe();
  }

  #subscribe(): void {
    const { channel, position } = this;
    const { rewind, since } = this.#start;
    const start = position ? { position } : ({ rewind, since } as Start);
    this.#cancelRetry();
    this.#wire = 'subscribing';
    this.host.calls.start(
      { type: 'subscribe', channel, ...start },
      { resolve: (result) => this.#subscribed(result), reject: (error) => this.#refused(error) },
    );
  }

  #subscribed({ epoch, offset, state }: SubscribeResult): void {
    this.#wire = 'on';
    this.#refusals = 0;
    this.position ??= { epoch, offset };
    this.#moveTo(state);
    this.reconcile();
  }

  #refused(error: SluiceError): void {
    const { calls } = this.host;
    if (calls.ended) return;
    this.#wire = 'off';
    if (!error.retryable) {
      this.end('denied', { error });
      return;
    }
    const pause = Math.max(error.retryAfter ?? 0, backoff(this.#refusals++));
    this.#cancelRetry = after(pause, () => this.reconcile());
    for (const subscriber of this.#subscribers) subscriber.fail(error);
  }

  #unsubscribe(): void {
    this.#wire = 'unsubscribing';
    this.position = undefined;
    const done = () => {
      this.#wire = 'off';
      this.reconcile();
    };
    this.host.calls.start({ type: 'unsubscribe', channel: this.channel }, { resolve: done, reject: done });
  }

  #messages({ epoch, messages }: MessagesPush): void {
    const { channel } = this;
    for (const message of messages) {
      if (this.#wire !== 'on') return;
      const place = { epoch, offset: message.offset };
      // Rule 2: seen already.
      if (hasReached(this.position, place)) continue;
      // Rule 3: the next one, or else a hole.
      if (!hasReached(this.position, { epoch, offset: place.offset - 1 })) {
        this.#hole(place);
        return;
      }
      this.position = place;
      for (const subscriber of [...this.#subscribers]) subscriber.message({ ...message, channel, epoch } as AnyMessage);
    }
  }

  #gap({ to, reason }: GapPush): void {
    if (hasReached(this.position, to)) return;
    this.position = to;
    for (const subscriber of [...this.#subscribers]) subscriber.gap(to, reason);
  }

  #hole({ epoch, offset }: Position): void {
    const { channel, position } = this;
    const message = `${channel}: message ${offset} of epoch ${epoch} came without a gap after ${position?.offset} of ${position?.epoch}.`;
    this.host.distrust(clientError('connection_lost', message));
  }

  #unsubscribed({ reason }: UnsubscribedPush): void {
    const error = clientError('unsubscribed', `The gateway ended the subscription to ${this.channel}: ${reason}.`);
    this.end(reason === 'permission' ? 'denied' : 'ended', { error });
  }

  #moveTo(state: 'subscribing' | 'live' | 'replaying'): void {
    this.state = state === 'replaying' ? 'catching-up' : state;
    for (const subscriber of [...this.#subscribers]) subscriber.follow();
  }
}

/** The starting point as text: two of them are the same when their texts are. */
function textOf({ position, rewind, since }: Start): string {
  return [position?.epoch, position?.offset, rewind, since].join();
}
