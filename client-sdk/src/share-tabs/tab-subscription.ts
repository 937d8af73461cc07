import type { MessagesPush, Position, StartingPoint, SubscribeCommand } from '@sluice/protocol';
import type { Gap, Message, Subscription, SubscriptionState } from '../channel-api.ts';
import type { SluiceError } from '../errors.ts';
import type { Outbound } from './outbound.ts';
import { bodyOf } from './refusals.ts';
import { type SharedSubscription, toWire } from './shared-subscription.ts';

type Known = { readonly position: Position; readonly state: 'live' | 'replaying' };

interface TabSubscriptionSetup {
  readonly command: Pick<SubscribeCommand, 'id' | 'sub'>;
  readonly out: Outbound;
  /** Called at the end, after the tab was notified. */
  readonly ended: () => void;
}

/**
 * A tab's subscription to a channel: converts what the upstream client delivers back to the pushes
 * of SPEC.md section 6.
 */
export class TabSubscription {
  readonly shared: SharedSubscription;
  readonly #out: Outbound;
  readonly #command: Pick<SubscribeCommand, 'id' | 'sub'>;
  readonly #start: StartingPoint;
  /** Called at the end, after the tab was notified. */
  readonly #ended: () => void;
  #subscription: Subscription | undefined;
  #state: SubscriptionState = 'subscribing';
  #answered = false;
  #reported: 'live' | 'replaying' | undefined;
  #gap: { readonly gap: Gap; readonly latest: Message[] } | undefined;
  #closed = false;
  // The position that the tab knows.
  #sent: Position | undefined;

  constructor(shared: SharedSubscription, start: StartingPoint, { command, out, ended }: TabSubscriptionSetup) {
    this.shared = shared;
    this.#start = start;
    this.#command = command;
    this.#out = out;
    this.#ended = ended;
    shared.users++;
    const from = this.#localStart();
    if (from) this.#join(from);
    else this.#subscribe(start);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.shared.users--;
    this.#subscription?.unsubscribe();
  }

  /** The fields of a push that name the subscription. */
  get #about(): { readonly channel: string; readonly sub?: number } {
    const { sub } = this.#command;
    return { channel: this.shared.channel.name, ...(sub !== undefined && { sub }) };
  }

  /** The starting position, if all messages after it are in memory. */
  #localStart(): Position | undefined {
    const { recent, live, filter } = this.shared;
    if (filter) return undefined;
    const from = this.#start.position ?? (live ? startOf(this.shared, this.#start) : undefined);
    return from && recent.reaches(from) ? from : undefined;
  }

  /**
   * Sends the messages in memory and continues with the shared subscription, in one step so that no
   * message is lost in between.
   */
  #join(from: Position): void {
    const { recent, live } = this.shared;
    const { position = from } = recent;
    const messages = recent.after(from);
    this.#answer({ position: from, state: live && messages.length === 0 ? 'live' : 'replaying' });
    if (messages.length > 0) this.#push(position.epoch, messages);
    this.#sent = position;
    this.#subscribe({ position });
  }

  #subscribe({ position, rewind, since }: StartingPoint): void {
    const start = position ? { position } : rewind !== undefined ? { rewind } : since !== undefined ? { since } : {};
    const { filter, channel } = this.shared;
    const subscription = channel.subscribe((message) => this.#message(message), {
      ...start,
      ...(filter && { filter }),
      onGap: (gap) => this.#onGap(gap),
      onState: (state) => this.#follow(state),
      onError: (error) => this.#fail(error),
    });
    this.#subscription = subscription;
    // `close` was called while the subscription was being created.
    if (this.#closed) subscription.unsubscribe();
    else this.#follow(subscription.state);
  }

  #message(message: Message): void {
    const { epoch, offset } = message;
    this.#answer({ position: { epoch, offset: offset - 1 }, state: 'replaying' });
    // The newest messages that the channel keeps for slow readers belong to the gap that covers them.
    const covering = this.#gap;
    if (covering && covering.gap.to.epoch === epoch && offset <= covering.gap.to.offset) {
      covering.latest.push(message);
      return;
    }
    this.#reportGap();
    const after = this.#skips(message);
    this.#sent = { epoch, offset };
    this.#push(epoch, [toWire(message)], after);
  }

  /** The messages before this one that the tab has not received did not match the filter, or have expired. */
  #skips({ epoch, offset }: Message): { readonly after?: number } {
    const sent = this.#sent;
    const isWhole = sent?.epoch !== epoch || (sent.offset === offset - 1 && !this.shared.filter);
    return isWhole ? {} : { after: sent.offset };
  }

  #onGap(gap: Gap): void {
    this.#reportGap();
    this.#answer({ position: gap.from, state: 'replaying' });
    const pending = { gap, latest: [] };
    this.#gap = pending;
    queueMicrotask(() => {
      if (this.#gap === pending) this.#reportGap();
    });
  }

  #reportGap(): void {
    const pending = this.#gap;
    if (!pending) return;
    this.#gap = undefined;
    const { from, to, reason } = pending.gap;
    this.#sent = to;
    const latest = pending.latest.length > 0 && { latest: pending.latest.map(toWire) };
    this.#send(() => this.#out.push({ type: 'gap', ...this.#about, from, to, reason, ...latest }));
  }

  #follow(state: SubscriptionState): void {
    this.#state = state;
    const position = this.#start.position ?? this.#subscription?.position;
    if (state === 'live' && position) this.#answer({ position, state: 'live' });
    if (state === 'catching-up' && this.#start.position) {
      this.#answer({ position: this.#start.position, state: 'replaying' });
    }
    if (!this.#answered || (state !== 'live' && state !== 'catching-up')) return;
    this.#reportGap();
    this.#reportState(state === 'live' ? 'live' : 'replaying');
  }

  #reportState(state: 'live' | 'replaying'): void {
    if (this.#reported === state) return;
    this.#reported = state;
    this.#send(() => this.#out.push({ type: state, ...this.#about }));
  }

  #fail(error: SluiceError): void {
    if (this.#closed) return;
    const final = this.#state === 'denied' || this.#state === 'ended';
    if (!final && (this.#answered || this.#startFromMemory(error))) return;
    if (!this.#answered) this.#out.refuse(this.#command.id, bodyOf(error));
    else {
      const reason = this.#state === 'denied' ? 'permission' : 'slow_reader';
      this.#out.push({ type: 'unsubscribed', ...this.#about, reason });
    }
    this.close();
    this.#ended();
  }

  /**
   * The log may not be read. `rewind` does not guarantee a number of messages, so start with those
   * in memory.
   */
  #startFromMemory(error: SluiceError): boolean {
    const from = this.shared.recent.back(this.#start.rewind ?? 0);
    if (error.retryable || this.#start.position || !from) return false;
    this.#subscription?.unsubscribe();
    this.#join(from);
    return true;
  }

  #answer({ position: { epoch, offset }, state }: Known): void {
    if (this.#answered || this.#closed) return;
    this.#answered = true;
    this.#reported = state;
    this.#sent = { epoch, offset };
    this.#out.reply(this.#command.id, { epoch, offset, state });
  }

  #push(epoch: string, messages: MessagesPush['messages'], after: { readonly after?: number } = {}): void {
    this.#send(() => this.#out.push({ type: 'messages', ...this.#about, epoch, ...after, messages }));
  }

  #send(send: () => void): void {
    if (!this.#closed) send();
  }
}

/** The starting position on a live shared subscription, if the tab does not name one. */
function startOf({ recent }: SharedSubscription, { rewind, since }: StartingPoint): Position | undefined {
  if (rewind !== undefined) return recent.holds(rewind) ? recent.back(rewind) : undefined;
  return since === undefined ? recent.position : recent.before(since);
}
