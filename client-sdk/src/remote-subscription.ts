import type {
  GapPush,
  MessagesPush,
  Position,
  ProgressPush,
  SubscribeResult,
  UnsubscribedPush,
} from '@sluice/protocol';
import type { Start } from './channel-api.ts';
import { complete } from './complete.ts';
import { clientError } from './errors.ts';
import { type Parts, withParts } from './lazy-parts.ts';
import { hasReached } from './position.ts';
import type { ChannelPush } from './remote-resource.ts';
import { SharedResource } from './shared-resource.ts';
import type { Place, RemoteState, RequestedStart, Source, Subscriber } from './subscriber.ts';
import { nothing } from './timer.ts';

/**
 * The client's end of a cursor: one subscription on the gateway, shared by all its subscribers. It
 * follows the rules of SPEC.md section 7.
 */
export class RemoteSubscription extends SharedResource<'subscribe', Subscriber> implements Source {
  state: RemoteState = 'subscribing';
  declare position: Position | undefined;
  readonly commands = ['subscribe', 'unsubscribe'] as const;
  // Each filter object has a subscription of its own, with the smallest free id. SPEC.md section 4.3.
  readonly sub = this.variant && this.host.freeSub(this.channel);
  #start: RequestedStart = {};

  add(subscriber: Subscriber): void {
    subscriber.remote = this;
    this.#join(subscriber);
    this.users.add(subscriber);
    if (this.on) subscriber.follow();
    this.reconcile();
  }

  /** The subscription's id and filter, and the cursor's starting point. */
  open(): object {
    const { position, sub, variant: filter } = this;
    return { sub, filter, ...(position ? { position } : this.locate(this.#start)) };
  }

  // `since` needs the gateway's clock, which is unknown before the first connection.
  override get askable(): boolean {
    return !!this.position || typeof this.#start.since !== 'object' || this.host.peer.user !== undefined;
  }

  accept({ epoch, offset, state }: SubscribeResult): void {
    this.position ??= { epoch, offset };
    this.#moveTo(state);
  }

  override closing(): object {
    this.position = undefined;
    return { sub: this.sub };
  }

  override lose(): void {
    super.lose();
    this.#moveTo('subscribing');
  }

  receive(push: ChannelPush): void {
    // Rule 1: a push before the reply belongs to an earlier subscription; with another id, to another one.
    if (!this.on || (push as { readonly sub?: unknown }).sub !== this.sub) return;
    const { type } = push;
    if (type === 'messages') this.#messages(push);
    else if (type === 'progress') this.#progress(push);
    else if (type === 'gap') this.#gap(push);
    else if (type === 'unsubscribed') this.#unsubscribed(push);
    else if (type === 'live' || type === 'replaying') this.#moveTo(type);
  }

  backlog(subscriber: Subscriber, to: Position): void {
    const { handle, host } = this;
    withParts(host, {
      handle,
      // Synchronous if the parts are loaded, so that the cursor has not moved.
      run: ({ deliverBacklog }: Parts) => deliverBacklog(this, subscriber, to),
      // Closing the client has ended the subscriber already.
      refuse: nothing,
    });
  }

  #join(subscriber: Subscriber): void {
    const { start } = subscriber;
    if (this.users.size === 0 && !this.on && this.phase !== 'opening') {
      this.#start = start;
      this.position = start.position;
    }
    const own = textOf(start);
    if (own === textOf(this.position ? { position: this.position } : this.#start)) return;
    if (own !== textOf({})) subscriber.hold();
    else if (!this.on || this.state !== 'live') subscriber.skipPast();
  }

  /** Converts a starting point to the gateway's clock. */
  locate({ rewind, since, asked = 0 }: RequestedStart): Place {
    const moment = typeof since === 'object' ? Math.max(0, Math.round(asked + this.host.peer.skew - since.ago)) : since;
    return { rewind, since: moment } as Place;
  }

  #messages({ epoch, after, messages }: MessagesPush): void {
    for (const message of messages) {
      if (!this.on) return;
      const { offset } = message;
      const to = { epoch, offset };
      // Rule 2: a repeat. Rule 3: messages before it that are not covered by `after` are missing.
      if (hasReached(this.position, to) || this.#lacks({ epoch, offset: after ?? offset - 1 })) continue;
      this.position = to;
      this.each((subscriber) => subscriber.hear(complete(message, this.channel, epoch)));
    }
  }

  #progress({ epoch, after, offset }: ProgressPush): void {
    const to = { epoch, offset };
    if (this.#lacks({ epoch, offset: after }) || hasReached(this.position, to)) return;
    this.position = to;
    this.each((subscriber) => subscriber.skip(to));
  }

  #gap({ to, reason, latest }: GapPush): void {
    const anew = reason === 'epoch_changed' && this.position?.epoch === to.epoch;
    if (!anew && hasReached(this.position, to)) return;
    this.position = to;
    const messages = latest?.map((message) => complete(message, this.channel, to.epoch));
    this.each((subscriber) => subscriber.miss({ to, reason, latest: messages, anew }));
  }

  /** Is something missing before this place, without a gap? Then the client reconnects. */
  #lacks(place: Position): boolean {
    if (hasReached(this.position, place)) return false;
    const message = `${this.channel}: ${place.offset} is missing.`;
    this.host.peer.distrust(clientError('connection_lost', message));
    return true;
  }

  #unsubscribed(push: UnsubscribedPush): void {
    const error = clientError('unsubscribed', this.ended(push));
    this.end(push.reason === 'permission' ? 'denied' : 'ended', { error });
  }

  #moveTo(state: 'subscribing' | 'live' | 'replaying'): void {
    this.state = state === 'replaying' ? 'catching-up' : state;
    this.each((subscriber) => subscriber.follow());
  }
}

/** The starting point as text, to compare. */
function textOf({ position, rewind, since }: Start): string {
  return JSON.stringify([position?.epoch, position?.offset, rewind, since]);
}
