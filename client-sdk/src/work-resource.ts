import { onAbort } from './abort.ts';
import { CONNECTION_LOST } from './codes.ts';
import type { EntryHost } from './entry-host.ts';
import { SluiceError } from './index.ts';
import { RemoteResource } from './remote-resource.ts';
import type { Ending } from './subscriber.ts';
import { nothing } from './timer.ts';

/** What a handler is registered with, and how much work it has in hand. */
export interface Registration {
  /** Called when the gateway has accepted it, or with the error if it has ended. */
  settle(error?: unknown): void;
  inHand: number;
  /** Called when it has stopped and its work is finished. */
  idle: () => void;
}

/**
 * A registration on the gateway that brings work to a handler until it is stopped, and then finishes
 * what it has: a consumer, a responder. Another registration may replace it before all is finished.
 */
export abstract class WorkResource<
  Open extends 'consume' | 'respond',
  Given extends Registration,
> extends RemoteResource<Open> {
  wanted = false;
  protected registration: Given | undefined;
  // Waits for the gateway's answer about the previous registration.
  #next: Given | undefined;

  /** Is a handler running? */
  protected abstract get busy(): boolean;
  /** The work is lost: aborts it. */
  protected abstract abandon(reason: SluiceError): void;
  protected abstract report(error: SluiceError): void;

  /** Is there a registration that has not ended? */
  get isTaken(): boolean {
    return this.wanted || this.#next !== undefined;
  }

  /** Begins to receive work. */
  begin(registration: Given): void {
    this.#next = registration;
    // The gateway has the options of the previous registration, or may still send work for it.
    if (!this.#isAsking) this.#replace();
  }

  /** The registration receives no further work. Resolves when the work that it has in hand is finished. */
  finish(registration: Given): Promise<void> {
    if (registration === this.#next) this.#next = undefined;
    else if (registration === this.registration) this.wanted = false;
    registration.settle(new Error(`${this.channel}: stopped before the gateway accepted it.`));
    this.reconcile();
    return new Promise((resolve) => {
      const before = registration.idle;
      registration.idle = () => {
        before();
        resolve();
      };
      this.#settleIdle(registration);
    });
  }

  refuse(error: SluiceError): void {
    this.wanted = false;
    this.on = false;
    this.report(error);
    this.registration?.settle(error);
    this.reconcile();
  }

  /** Refused, and retried automatically. */
  fail(error: SluiceError): void {
    this.report(error);
  }

  /** Keeps what handlers still work on, so that it can be aborted. */
  override unused(): void {
    if (this.#next) this.#replace();
    else if (!this.busy) super.unused();
    if (this.registration) this.#settleIdle(this.registration);
  }

  end(_state: 'ended', { error = this.host.calls.ended }: Ending): void {
    this.wanted = false;
    this.abandon(lostWork('The client was closed.'));
    for (const registration of [this.registration, this.#next]) registration?.settle(error);
    this.#next = undefined;
    this.halt();
    this.unused();
  }

  /** A handler has finished. Call it when `busy` is up to date. */
  protected finished(registration: Given): void {
    registration.inHand--;
    this.#settleIdle(registration);
    this.reconcile();
  }

  #replace(): void {
    const before = this.registration;
    this.registration = this.#next;
    this.#next = undefined;
    this.wanted = true;
    if (before) this.#settleIdle(before);
    this.reconcile();
  }

  /** The gateway has not answered yet whether the registration is open or closed. */
  get #isAsking(): boolean {
    return this.phase === 'opening' || this.phase === 'closing';
  }

  #settleIdle(registration: Given): void {
    const isOpen = registration === this.registration && (this.wanted || this.on || this.#isAsking);
    if (isOpen || registration.inHand > 0) return;
    registration.idle();
    registration.idle = nothing;
  }
}

/** Why the work of a handler is aborted. */
export function lostWork(message: string): SluiceError {
  return new SluiceError({ code: CONNECTION_LOST, name: 'connection_lost', message, retryable: true });
}

/** The application's end of a registration. */
export interface Working {
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

/** Begins to work: until the signal aborts, or `stop` is called. */
export function startWork<Given extends Registration>(
  host: EntryHost,
  resource: Pick<WorkResource<'consume' | 'respond', Given>, 'begin' | 'finish'>,
  { signal, ...given }: Omit<Given, keyof Registration> & { readonly signal: AbortSignal | undefined },
): Working {
  const registration = { ...given, inHand: 0, idle: nothing } as unknown as Given;
  const ready = new Promise<void>((resolve, reject) => {
    registration.settle = (error) => (error === undefined ? resolve() : reject(error));
  });
  // It may be unused: onError reports the same.
  ready.catch(nothing);
  resource.begin(registration);
  host.use();
  const stop = () => {
    ignoreSignal();
    return resource.finish(registration);
  };
  const ignoreSignal = onAbort(signal, () => void stop());
  if (signal?.aborted) void stop();
  return { ready, stop };
}
