import type { EntryHost } from '../entry-host.ts';
import { handlerFailed } from '../handler-failed.ts';
import type { Channel } from '../index.ts';
import type { ChannelPush, Handle, Resource } from '../remote-resource.ts';
import type { ServerSubscription } from './api.ts';

interface Listener {
  readonly handler: (subscription: ServerSubscription) => void;
}

interface ChannelsHandle extends Handle {
  channel(name: string): Channel;
}

/** Passes the subscriptions that the backend has opened to the handlers. SPEC.md section 7.4. */
export class ServerSubscriptions implements Resource {
  // The push `subscribed` has no channel of its own.
  readonly channel = '';
  readonly variant = undefined;
  readonly handle: ChannelsHandle;
  readonly #host: EntryHost;
  readonly #listeners = new Set<Listener>();

  constructor(handle: Handle, host: unknown) {
    this.handle = handle as ChannelsHandle;
    this.#host = host as EntryHost;
  }

  add(listener: Listener): void {
    this.#listeners.add(listener);
  }

  remove(listener: Listener): void {
    if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#host.forget(this);
  }

  receive(push: ChannelPush): void {
    if (push.type !== 'subscribed') return;
    for (const { channel: name, epoch, offset } of push.subscriptions) {
      const subscription = { channel: this.handle.channel(name), position: { epoch, offset } };
      for (const { handler } of [...this.#listeners]) this.#call(handler, subscription);
    }
  }

  #call(handler: Listener['handler'], subscription: ServerSubscription): void {
    try {
      handler(subscription);
    } catch (error) {
      handlerFailed(subscription.channel.name, error);
    }
  }

  reconcile(): void {}

  lose(): void {}

  end(): void {
    this.#listeners.clear();
    this.#host.forget(this);
  }
}
