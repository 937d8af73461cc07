import type { Json } from '@sluice/protocol';
import type { SluiceError } from '../errors.ts';
import { type ChannelPush, RemoteResource } from '../remote-resource.ts';
import type { Ending } from '../subscriber.ts';
import { denied } from './denied.ts';

type Waiter = (error?: SluiceError) => void;

/** The client's membership of a channel. It sends the latest state only. */
export class Membership extends RemoteResource<'enter'> {
  readonly commands = ['enter', 'leave'] as const;
  wanted = false;
  #state: Json | undefined;
  // The state that was sent, and the state that the gateway has accepted.
  #sent: Json | undefined;
  #taken: Json | undefined;
  // Callers that wait for the command that was sent, and for the next one.
  readonly #asking: Waiter[] = [];
  readonly #waiting: Waiter[] = [];

  /** Becomes a member, or changes the state. Without a state it keeps the current one. */
  enter(state: Json | undefined): Promise<void> {
    if (state !== undefined) this.#state = state;
    this.wanted = true;
    this.stale = true;
    const done = this.#wait();
    this.reconcile();
    return done;
  }

  leave(): Promise<void> {
    this.wanted = false;
    this.reconcileSoon();
    return this.#wait();
  }

  open(): { readonly state?: Json } {
    const state = this.#state;
    this.#sent = state;
    this.#asking.push(...this.#waiting.splice(0));
    return { state } as { readonly state?: Json };
  }

  accept(): void {
    this.#taken = this.#sent;
    settle(this.#asking);
  }

  refuse(error: SluiceError): void {
    if (this.#asking.length === 0) this.host.report('error', error);
    settle(this.#asking, error);
    // A later state may be accepted. Otherwise the previous membership and state remain.
    if (!this.stale) {
      this.#state = this.#taken;
      this.wanted &&= this.on;
    }
    this.reconcile();
  }

  fail(error: SluiceError): void {
    this.host.report('error', error);
  }

  receive(push: ChannelPush): void {
    if (push.type !== 'left' || !this.on) return;
    this.on = false;
    // Otherwise the pending reply decides.
    if (this.phase !== 'opening') this.refuse(denied(this, push));
  }

  override unused(): void {
    super.unused();
    this.#settleAll();
  }

  end(_state: 'ended', { error = this.host.calls.ended }: Ending): void {
    this.wanted = false;
    this.#settleAll(error);
    this.lose();
  }

  #wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push((error) => {
        if (error) this.host.report('error', error, { instead: reject });
        else resolve();
      });
    });
  }

  #settleAll(error?: SluiceError): void {
    settle(this.#asking, error);
    settle(this.#waiting, error);
  }
}

function settle(waiters: Waiter[], error?: SluiceError): void {
  for (const waiter of waiters.splice(0)) waiter(error);
}
