import type { RequestsPush } from '@sluice/protocol';
import { CONNECTION_LOST, PERMISSION_DENIED } from '../codes.ts';
import type { EntryHost } from '../entry-host.ts';
import { handlerFailed } from '../handler-failed.ts';
import { SluiceError } from '../index.ts';
import { type ChannelPush, RemoteResource } from '../remote-resource.ts';
import type { Ending } from '../subscriber.ts';
import { nothing } from '../timer.ts';
import type { RespondOptions } from './api.ts';
import { type Handler, Incoming } from './incoming.ts';

interface Registration {
  readonly concurrency: number | undefined;
  readonly onError: RespondOptions['onError'] | undefined;
  readonly handler: Handler;
  /** Called when the gateway has accepted it, or with the error if it has ended. */
  settle(error?: unknown): void;
}

/** The registration of a client as a responder of one channel. SPEC.md section 11. */
export class ResponderResource extends RemoteResource<'respond'> {
  readonly commands = ['respond', 'unrespond'] as const;
  wanted = false;
  #registration: Registration | undefined;
  readonly #requests = new Map<string, Incoming>();
  #idle = nothing;

  /** Begins to respond. */
  begin(registration: Registration): void {
    this.#registration = registration;
    this.wanted = true;
    this.reconcile();
  }

  /** Receives no further requests. Resolves when the open ones have ended. */
  finish(): Promise<void> {
    this.wanted = false;
    this.#registration?.settle(unresponded(this.channel));
    this.reconcile();
    return new Promise((resolve) => {
      const before = this.#idle;
      this.#idle = () => {
        before();
        resolve();
      };
      this.#settleIdle();
    });
  }

  open(): object {
    return { concurrency: this.#registration?.concurrency };
  }

  accept(): void {
    this.#registration?.settle();
  }

  refuse(error: SluiceError): void {
    this.wanted = false;
    this.on = false;
    this.#report(error);
    this.#registration?.settle(error);
    this.reconcile();
  }

  /** Refused, and retried automatically. */
  fail(error: SluiceError): void {
    this.#report(error);
  }

  receive(push: ChannelPush): void {
    if (push.type === 'requests') this.#answer(push);
    else if (push.type === 'cancelled')
      this.#requests.get(push.request)?.abort(new Error(`Cancelled: ${push.reason}.`));
    else if (push.type === 'unresponded') {
      this.#abortAll(lost('The registration ended.'));
      this.refuse(this.host.refusal(PERMISSION_DENIED, 'permission_denied', this.ended(push.reason)));
    }
  }

  override lose(): void {
    this.#abortAll(lost('The connection was lost.'));
    super.lose();
  }

  override unused(): void {
    super.unused();
    this.#settleIdle();
  }

  end(_state: 'ended', { error = this.host.calls.ended }: Ending): void {
    this.wanted = false;
    this.#abortAll(lost('The client was closed.'));
    this.#registration?.settle(error);
    this.halt();
    this.unused();
  }

  #answer({ channel, requests }: RequestsPush): void {
    const { handler, onError } = this.#registration as Registration;
    const failed = onError ?? ((error: Error) => handlerFailed(channel, error));
    const setup = { channel, handler, host: this.host as unknown as EntryHost, failed };
    for (const request of requests) {
      const incoming = new Incoming(request, setup);
      this.#requests.set(request.request, incoming);
      void incoming.answer().then(() => {
        this.#requests.delete(request.request);
        this.#settleIdle();
      });
    }
  }

  #report(error: SluiceError): void {
    this.host.report('error', error, { instead: this.#registration?.onError });
  }

  #abortAll(reason: Error): void {
    for (const incoming of this.#requests.values()) incoming.abort(reason);
  }

  #settleIdle(): void {
    if (this.wanted || this.#requests.size > 0 || this.on || this.phase === 'opening') return;
    this.#idle();
    this.#idle = nothing;
  }
}

function lost(message: string): SluiceError {
  return new SluiceError({ code: CONNECTION_LOST, name: 'connection_lost', message, retryable: true });
}

function unresponded(channel: string): Error {
  return new Error(`${channel}: stopped before the gateway accepted it.`);
}
