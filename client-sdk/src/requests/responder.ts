import type { RequestsPush } from '@sluice/protocol';
import { PERMISSION_DENIED } from '../codes.ts';
import { guard } from '../emitter.ts';
import type { EntryHost } from '../entry-host.ts';
import { handlerFailed } from '../handler-failed.ts';
import type { SluiceError } from '../index.ts';
import type { ChannelPush } from '../remote-resource.ts';
import { lostWork, type Registration, WorkResource } from '../work-resource.ts';
import type { RespondOptions } from './api.ts';
import { type Handler, Incoming } from './incoming.ts';

interface Responding extends Registration {
  readonly concurrency: number | undefined;
  readonly onError: RespondOptions['onError'] | undefined;
  readonly handler: Handler;
}

/** The registration of a client as a responder of one channel. SPEC.md section 11. */
export class ResponderResource extends WorkResource<'respond', Responding> {
  readonly commands = ['respond', 'unrespond'] as const;
  readonly #requests = new Map<string, Incoming>();

  open(): object {
    return { concurrency: this.registration?.concurrency };
  }

  accept(): void {
    this.registration?.settle();
  }

  receive(push: ChannelPush): void {
    if (push.type === 'requests') this.#answer(push);
    else if (push.type === 'cancelled')
      this.#requests.get(push.request)?.abort(new Error(`Cancelled: ${push.reason}.`));
    else if (push.type === 'unresponded') {
      this.abandon(lostWork('The registration ended.'));
      this.refuse(this.host.refusal(PERMISSION_DENIED, 'permission_denied', this.ended(push)));
    }
  }

  override lose(): void {
    this.abandon(lostWork('The connection was lost.'));
    super.lose();
  }

  protected override get busy(): boolean {
    return this.#requests.size > 0;
  }

  #answer({ channel, requests }: RequestsPush): void {
    const responding = this.registration as Responding;
    const { handler, onError } = responding;
    const failed = (error: Error) => (onError ? guard(onError, error) : handlerFailed(channel, error));
    const setup = { channel, handler, host: this.host as unknown as EntryHost, failed };
    for (const request of requests) {
      const incoming = new Incoming(request, setup);
      this.#requests.set(request.request, incoming);
      responding.inHand++;
      void incoming.answer().finally(() => {
        this.#requests.delete(request.request);
        this.finished(responding);
      });
    }
  }

  protected override report(error: SluiceError): void {
    this.host.report('error', error, { instead: this.registration?.onError });
  }

  protected override abandon(reason: SluiceError): void {
    for (const incoming of this.#requests.values()) incoming.abort(reason);
  }
}
