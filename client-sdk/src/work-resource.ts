import { onAbort } from './abort.ts';
import { CONNECTION_LOST } from './codes.ts';
import type { EntryHost } from './entry-host.ts';
import { SluiceError } from './index.ts';
import { RemoteResource } from './remote-resource.ts';
import type { Ending } from './subscriber.ts';
import { nothing } from './timer.ts';

/** What a handler is registered with. */
export interface Registration {
  /** Called when the gateway has accepted it, or with the error if it has ended. */
  settle(error?: unknown): void;
}

/**
 * A registration on the gateway that brings work to a handler until it is stopped, and then finishes
 * what it has: a consumer, a responder.
 */
export abstract class WorkResource<
  Open extends 'consume' | 'respond',
  Given extends Registration,
> extends RemoteResource<Open> {
  wanted = false;
  protected registration: Given | undefined;
  #idle = nothing;

  /** Is a handler running? */
  protected abstract get busy(): boolean;
  /** The work is lost: aborts it. */
  protected abstract abandon(reason: SluiceError): void;
  protected abstract report(error: SluiceError): void;

  /** Begins to receive work. */
  begin(registration: Given): void {
    this.registration = registration;
    this.wanted = true;
    this.reconcile();
  }

  /** Receives no further work. Resolves when the work in hand is finished. */
  finish(): Promise<void> {
    this.wanted = false;
    this.registration?.settle(new Error(`${this.channel}: stopped before the gateway accepted it.`));
    this.reconcile();
    return new Promise((resolve) => {
      const before = this.#idle;
      this.#idle = () => {
        before();
        resolve();
      };
      this.settleIdle();
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

  override unused(): void {
    super.unused();
    this.settleIdle();
  }

  end(_state: 'ended', { error = this.host.calls.ended }: Ending): void {
    this.wanted = false;
    this.abandon(lostWork('The client was closed.'));
    this.registration?.settle(error);
    this.halt();
    this.unused();
  }

  /** A handler has finished, or the registration has ended. */
  protected settleIdle(): void {
    if (this.wanted || this.busy || this.on || this.phase === 'opening') return;
    this.#idle();
    this.#idle = nothing;
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
  { signal, ...given }: Omit<Given, 'settle'> & { readonly signal: AbortSignal | undefined },
): Working {
  const ready = new Promise<void>((resolve, reject) => {
    const settle = (error?: unknown) => (error === undefined ? resolve() : reject(error));
    resource.begin({ ...given, settle } as unknown as Given);
  });
  // It may be unused: onError reports the same.
  ready.catch(nothing);
  host.use();
  const stop = () => {
    ignoreSignal();
    return resource.finish();
  };
  const ignoreSignal = onAbort(signal, () => void stop());
  if (signal?.aborted) void stop();
  return { ready, stop };
}
