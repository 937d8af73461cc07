import type { RequestCommand, RequestResult } from '@sluice/protocol';
import { CONNECTION_LOST } from '../codes.ts';
import type { EntryHost } from '../entry-host.ts';
import { SluiceError } from '../index.ts';
import type { ChannelPush, Handle, Resource } from '../remote-resource.ts';
import type { Ending } from '../subscriber.ts';
import { type Cancel, nothing } from '../timer.ts';

/** A request without its result. */
export interface PendingRequest {
  readonly body: Pick<RequestCommand, 'channel' | 'data' | 'timeout'>;
  /** Called with replies before the result. */
  onReplies(replies: readonly unknown[]): void;
  resolve(result: RequestResult): void;
  reject(error: unknown): void;
}

interface Sent {
  readonly id: number;
  readonly forget: Cancel;
}

/**
 * The unanswered requests of a client. A request is sent once: if the connection is lost after that,
 * it may have been executed, so it fails instead of being repeated. SPEC.md section 11.
 */
export class Requester implements Resource {
  // The push `replies` has no channel.
  readonly channel = '';
  readonly variant = undefined;
  readonly handle: Handle;
  readonly #host: EntryHost;
  // With what was sent of it, if it was sent.
  readonly #pending = new Map<PendingRequest, Sent | undefined>();

  constructor(handle: Handle, host: unknown) {
    this.handle = handle;
    this.#host = host as EntryHost;
  }

  add(request: PendingRequest): void {
    this.#pending.set(request, undefined);
    this.reconcile();
    this.#host.use();
  }

  isSent(request: PendingRequest): boolean {
    return this.#pending.get(request) !== undefined;
  }

  /** Rejects a request, and cancels it if it was sent. */
  cancel(request: PendingRequest, reason: unknown): void {
    if (!this.#pending.has(request)) return;
    const sent = this.#pending.get(request);
    sent?.forget();
    if (sent && this.#host.calls.open) this.#host.calls.start({ type: 'cancel', request: sent.id });
    this.#settle(request);
    request.reject(reason);
  }

  reconcile(): void {
    if (!this.#host.calls.open) return;
    for (const [request, sent] of this.#pending) if (!sent) this.#send(request);
  }

  receive(push: ChannelPush): void {
    if (push.type !== 'replies') return;
    for (const [request, sent] of this.#pending) {
      if (sent?.id === push.request) request.onReplies(push.replies.map(({ data }) => data));
    }
  }

  lose(): void {
    const message = 'The connection was lost before the reply. The request may have been executed.';
    const error = { code: CONNECTION_LOST, name: 'connection_lost', message, retryable: true };
    for (const [request, sent] of this.#pending) if (sent) this.#reject(request, new SluiceError(error));
  }

  end(_state: 'ended', { error = this.#host.calls.ended }: Ending): void {
    for (const request of [...this.#pending.keys()]) this.#reject(request, error);
  }

  #send(request: PendingRequest): void {
    const { calls } = this.#host;
    // A refusal may be synchronous.
    const sent = { id: calls.lastId + 1, forget: nothing };
    this.#pending.set(request, sent);
    sent.forget = calls.start(
      { type: 'request', ...request.body },
      {
        accept: (result) => {
          this.#settle(request);
          request.resolve(result);
        },
        refuse: (error) => this.#reject(request, error),
      },
    );
  }

  #reject(request: PendingRequest, error: unknown): void {
    this.#settle(request);
    request.reject(error);
  }

  #settle(request: PendingRequest): void {
    this.#pending.delete(request);
    if (this.#pending.size === 0) this.#host.forget(this);
  }
}
